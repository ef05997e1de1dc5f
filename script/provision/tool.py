"""Programs that may be on the search path already."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision import process, versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from provision.site import Say, Site
    from provision.versions import Version

_VERSION_LIMIT = 20.0


@dataclass(frozen=True)
class Tool:
    """A program: its names, the least version wanted, and how it tells its version."""

    title: str
    commands: tuple[str, ...]
    minimum: Version
    version_words: tuple[str, ...] = ("--version",)
    after: str = ""


@dataclass(frozen=True)
class Program:
    """A program that is there, runs, and is new enough."""

    path: Path
    version: Version


def find(tool: Tool, site: Site, say: Say) -> Program | None:
    """Look for a program on the search path.

    Gives the first one that runs and is new enough, or None; says why others were passed
    over, because "too old" and "broken" are not the same as "absent".
    """
    for path in candidates(tool, site):
        program = check(tool, path, say)
        if program:
            return program
    return None


def candidates(tool: Tool, site: Site) -> Iterator[Path]:
    """Give every file of the search path that bears one of the tool's names, in order."""
    for command in tool.commands:
        for directory in site.search_path():
            path = directory / command
            if path.is_file() and os.access(path, os.X_OK):
                yield path


def check(tool: Tool, path: Path, say: Say, limit: float = _VERSION_LIMIT) -> Program | None:
    """Ask a program for its version; None (and a word why) unless it is new enough."""
    try:
        output = process.run(process.Command([path, *tool.version_words], limit))
    except process.CommandError as error:
        say(f"{path} passed over: {str(error).splitlines()[0]}")
        return None
    version = versions.parse(output, tool.after)
    if version is None:
        say(f"{path} passed over: it does not tell its version")
        return None
    if not versions.at_least(version, tool.minimum):
        say(
            f"{path} passed over: {versions.show(version)} is older than "
            f"{versions.show(tool.minimum)}"
        )
        return None
    return Program(path, version)
