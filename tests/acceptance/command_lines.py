"""Commands run as a document writes them, in a shell, in a folder."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECONDS = 180


def blocks(document: Path, language: str) -> list[str]:
    """Give the code blocks of a language in a Markdown file."""
    text = document.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shell(
    commands: str,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    *,
    expect: int = 0,
    typed: str = "",
) -> str:
    """Run commands in a shell that stops at the first failure; their output."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=os.environ | {"TF_CLI_ARGS": "-no-color"} | dict(variables or {}),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == expect, f"{commands}: {done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
