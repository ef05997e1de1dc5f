"""An empty work tree for a test, with programs that the test writes itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provision.site import Site

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Workbench:
    """An empty work tree, a folder on the search path, and what was said."""

    root: Path
    programs: Path
    said: list[str] = field(default_factory=list)

    def site(self, *, uid: int = 1000, force: bool = False) -> Site:
        """Give the work tree with a search path that has only the test's own programs."""
        return Site(self.root, {"PATH": str(self.programs)}, uid=uid, force=force)

    def program(self, name: str, script: str, folder: Path | None = None) -> Path:
        """Write a shell script that stands for a program."""
        path = (folder or self.programs) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)
        return path

    def say(self, text: str) -> None:
        """Keep what a step says."""
        self.said.append(text)
