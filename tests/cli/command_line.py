"""One command of `imis-sso` run to its end, in this process or in one of its own."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from service_process import COMMAND

from imis_sso.cli.commands import run

Registry = Callable[..., Path]
"""Writes a registry file of the running simulation; keywords are laid over its `server:`."""

ESCAPE = "\x1b"
_SECONDS = 90


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """What it printed, whatever the width of the terminal: one line, single spaces."""
        return " ".join(re.sub(r"[│╭╮╰╯─━]", " ", self.out + self.err).split())

    def failed(self, *lines: str) -> None:
        """Check that it said exactly these lines, each from `imis-sso:`, and nothing else (code 1).

        A line that ends in … may go on.
        """
        assert self.code == 1, self
        said = self.err.splitlines()
        assert len(said) == len(lines), said
        for got, wanted in zip(said, lines, strict=True):
            if wanted.endswith("…"):
                assert got.startswith(f"imis-sso: {wanted[:-1]}"), got
            else:
                assert got == f"imis-sso: {wanted}"
        assert "Traceback" not in self.out


def command(*arguments: str, typed: str = "") -> Ended:
    """Run a command in this process: quick, and the same code as the real one below `main`."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        patch.object(sys, "argv", ["imis-sso", *arguments]),
        patch.object(sys, "stdin", io.StringIO(typed)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            run()
        except SystemExit as end:
            code = end.code or 0
    return Ended(code, out.getvalue(), err.getvalue())


def process(
    *arguments: str, typed: str = "", surroundings: Mapping[str, str] | None = None
) -> Ended:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=typed,
        env=os.environ | dict(surroundings or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
