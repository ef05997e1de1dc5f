"""Secrets in files, such as those an orchestrator mounts."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 65_536


def read_secret_file(path: Path) -> str:
    """Give a file's text without one line end at its end.

    Raises ValueError, saying why in words that hold neither path nor content, where there is no
    regular, readable UTF-8 file of at most 64 KiB.
    """
    try:
        content = _content(path)
    except OSError as error:
        msg = f"its file cannot be read: {error.strerror}"
        raise ValueError(msg) from None
    if len(content) > MAX_BYTES:
        msg = "its file is larger than 64 KiB"
        raise ValueError(msg)
    try:
        return without_line_end(content.decode())
    except UnicodeDecodeError:
        msg = "its file is not text in UTF-8"
        raise ValueError(msg) from None


def without_line_end(text: str) -> str:
    """Strip one line end at the end, as most editors and `echo` leave one there."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _content(path: Path) -> bytes:
    # Opening a pipe that nobody writes to would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
