"""Playwright's driver, a Node program that has to start before any browser does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision import process
from provision.outcome import MissingError
from provision.process import Command, CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.site import Say, Site

_LIMIT = 60.0


def settings(site: Site, say: Say) -> Mapping[str, str]:
    """Give the settings with which the driver starts: none, or the Node that was found.

    The Node inside Playwright needs libatomic, which small Debian images do not have. Raises
    MissingError where it starts with neither.
    """
    own = _failure(site, {})
    if own is None:
        return {}
    found = {"PLAYWRIGHT_NODEJS_PATH": str(site.bin / "node")}
    if _failure(site, found) is None:
        say("Playwright's own Node does not start here; it uses the one that was found")
        return found
    raise MissingError(
        f"Playwright: its driver does not start: {own}",
        "install the library it names (Debian: apt-get install libatomic1)",
    )


def _failure(site: Site, env: Mapping[str, str]) -> CommandError | None:
    try:
        process.run(Command([site.python, "-m", "playwright", "--version"], _LIMIT, env=env))
    except CommandError as error:
        return error
    return None
