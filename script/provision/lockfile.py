"""Lock files of Python packages: versions with hashes, as pip reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)")
_COMMENT = re.compile(r"^\s+#\s+(?:via\s+)?(?!via\s*$)(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*$")
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True)
class Pin:
    """One locked package: its text with the hashes, and the packages that want it."""

    name: str
    version: str
    text: str
    wanted_by: frozenset[str]


def parse(text: str) -> list[Pin]:
    """Split a lock file into its packages, in the file's order (one may occur per platform)."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if _PIN.match(line):
            blocks.append([line])
        elif blocks and line.startswith(" "):
            blocks[-1].append(line)
    return [_pin(block) for block in blocks]


def select(pins: Sequence[Pin], name: str) -> list[Pin]:
    """Give one package and everything that is there because of it."""
    chosen = {normalize(name)}
    while True:
        grown = chosen | {pin.name for pin in pins if pin.wanted_by & chosen}
        if grown == chosen:
            return [pin for pin in pins if pin.name in chosen]
        chosen = grown


def normalize(name: str) -> str:
    """Write a package name as lock files do (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def _pin(block: list[str]) -> Pin:
    match = _PIN.match(block[0])
    if match is None:
        raise ValueError("a lock entry starts with name==version")
    comments = (_COMMENT.match(line) for line in block[1:])
    wanted = frozenset(normalize(comment["name"]) for comment in comments if comment)
    text = "\n".join(line for line in block if not line.lstrip().startswith("#"))
    return Pin(normalize(match["name"]), match["version"], text, wanted)
