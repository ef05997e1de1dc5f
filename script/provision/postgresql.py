"""Step 6: PostgreSQL's server programs, with which tests run throw-away servers of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from provision import apt, tool
from provision.outcome import Found, MissingError
from provision.process import CommandError
from provision.tool import Program, Tool
from provision.versions import show

if TYPE_CHECKING:
    from provision.site import Say, Site

POSTGRES = Tool("PostgreSQL", ("postgres",), (13,), after="(PostgreSQL)")
INITDB = "initdb"
ROOM = Path("/")
FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")
"""Where distributions put the server's programs, off PATH, one folder for each version."""

_REMEDY = (
    "install your distribution's PostgreSQL server, version 13 or later (Debian: apt-get install "
    "postgresql); it need not be running"
)
_Source: TypeAlias = Callable[[], Program | None]


def provide(site: Site, say: Say) -> Found:
    """Find the programs on PATH or where distributions put them, else install the package.

    Raises MissingError.
    """
    for origin, source in _sources(site, say):
        program = source()
        if program is not None:
            # Where it really is: on PATH there may be links to some of the programs only.
            folder = str(program.path.resolve().parent)
            settings = {"IMIS_SSO_POSTGRESQL_BIN": folder}
            return Found(show(program.version), origin, folder, settings=settings)
    raise MissingError("PostgreSQL >= 13: no server programs, and none to be had", _REMEDY)


def _sources(site: Site, say: Say) -> Iterator[tuple[str, _Source]]:
    yield "found on PATH", lambda: _first(tool.candidates(POSTGRES, site), say)
    yield "found where distributions put it", lambda: _first(_installed(), say)
    if apt.available(site):
        yield "the distribution's package", lambda: _package(say)


def _first(paths: Iterable[Path], say: Say) -> Program | None:
    checked = (tool.check(POSTGRES, path, say) for path in paths if _whole(path, say))
    return next((each for each in checked if each is not None), None)


def _whole(path: Path, say: Say) -> bool:
    if (path.resolve().parent / INITDB).is_file():
        return True
    say(f"{path} passed over: there is no {INITDB} beside it")
    return False


def _installed() -> list[Path]:
    found = [path / "postgres" for pattern in FOLDERS for path in ROOM.glob(pattern)]
    return sorted((each for each in found if each.is_file()), key=_newest_first)


def _newest_first(path: Path) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", str(path.parent.parent))
    return -float(numbers[-1]) if numbers else 0.0


def _package(say: Say) -> Program | None:
    say("installing the distribution's package postgresql")
    try:
        apt.install("postgresql")
    except CommandError as error:
        say(f"postgresql could not be installed: {error}")
        return None
    return _first(_installed(), say)
