"""Versions as programs print them."""

from __future__ import annotations

import re
from typing import TypeAlias

Version: TypeAlias = tuple[int, ...]

_DOTTED = re.compile(r"\d+(?:\.\d+)+")


def parse(text: str, after: str = "") -> Version | None:
    """Find the first dotted version number in a program's output.

    Takes the output and the words that precede the number (programs print warnings, which
    may hold numbers, too). Gives the numbers, or None where there is no version.
    """
    start = text.find(after)
    match = _DOTTED.search(text, start + len(after)) if start >= 0 else None
    return tuple(int(part) for part in match.group().split(".")) if match else None


def show(version: Version) -> str:
    """Write a version the usual way: ``(1, 11)`` gives ``1.11``."""
    return ".".join(str(part) for part in version)


def at_least(version: Version, minimum: Version) -> bool:
    """Tell whether a version reaches a minimum; ``(1, 11)`` and ``(1, 11, 0)`` are equal."""
    width = max(len(version), len(minimum))
    return _padded(version, width) >= _padded(minimum, width)


def _padded(version: Version, width: int) -> Version:
    return version + (0,) * (width - len(version))
