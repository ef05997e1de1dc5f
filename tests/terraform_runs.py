"""Terraform in a folder, and ``cdktf/main.py`` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
# `make test-opentofu` puts OpenTofu in its place.
PROGRAM = os.environ.get("IMIS_SSO_TERRAFORM") or "terraform"
_FIXED = {
    "TF_IN_AUTOMATION": "1",
    "TF_CLI_ARGS": "-no-color",
    "CHECKPOINT_DISABLE": "1",
    # A quarter of the time of a program that ends after a second is the collecting of garbage.
    "GOGC": "off",
}
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")


def run_main(environments: Path, out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``python cdktf/main.py`` as a user does, with these environment variables."""
    given = {"IMIS_SSO_ENVIRONMENTS": str(environments), "IMIS_SSO_CDKTF_OUT": str(out)}
    return subprocess.run(
        [sys.executable, str(ROOT / "cdktf" / "main.py")],
        env=os.environ | given | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@dataclass
class Terraform:
    """Terraform (or OpenTofu) in one folder, with these variables in its environment."""

    folder: Path
    variables: dict[str, str]

    def run(self, *arguments: str, expect: int = 0, also: Mapping[str, str] | None = None) -> str:
        """Run one command; its output, after checking the exit code."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env=os.environ | _FIXED | self.variables | dict(also or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == expect, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        """Run one command that prints JSON, and read it."""
        return json.loads(self.run(*arguments))
