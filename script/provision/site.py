"""Where everything is: the work tree, what bootstrap makes in it, and the search path."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Say: TypeAlias = "Callable[[str], None]"


@dataclass(frozen=True)
class Site:
    """The work tree at ``root``, seen by the user ``uid`` with the environment ``environ``."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    uid: int = field(default_factory=os.geteuid)
    force: bool = False

    @cached_property
    def venv(self) -> Path:
        """The project's own Python environment."""
        return self.root / ".venv"

    @cached_property
    def python(self) -> Path:
        """The interpreter of the project's own Python environment."""
        return self.venv / "bin" / "python"

    @cached_property
    def tools(self) -> Path:
        """What bootstrap makes outside the Python environment."""
        return self.root / ".tools"

    @cached_property
    def bin(self) -> Path:
        """Links and launchers of the tools that were found."""
        return self.tools / "bin"

    @cached_property
    def mirror(self) -> Path:
        """The file system mirror of the Terraform providers."""
        return self.tools / "mirror"

    @cached_property
    def terraform_config(self) -> Path:
        """The generated Terraform CLI configuration."""
        return self.tools / "terraform.rc"

    def search_path(self) -> list[Path]:
        """Give the directories of PATH, without those that bootstrap itself fills."""
        names = self.environ.get("PATH", os.defpath).split(os.pathsep)
        own = {self.bin, self.venv / "bin"}
        return [
            path for path in dict.fromkeys(Path(name) for name in names if name) if path not in own
        ]

    def link(self, name: str, target: Path) -> Path:
        """Make ``.tools/bin/NAME`` lead to ``target``, and give its path."""
        self.bin.mkdir(parents=True, exist_ok=True)
        path = self.bin / name
        if not (path.is_symlink() and path.readlink() == target):
            path.unlink(missing_ok=True)
            path.symlink_to(target)
        return path
