"""Packages of the distribution, where it is Debian-like and the user is root."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from provision import process
from provision.process import Command, CommandError

if TYPE_CHECKING:
    from provision.site import Site

_ENV = {"DEBIAN_FRONTEND": "noninteractive"}
_UPDATE_LIMIT = 180.0
_INSTALL_LIMIT = 900.0


def available(site: Site) -> bool:
    """Tell whether packages of the distribution can be installed: root, and apt-get there."""
    return site.uid == 0 and shutil.which("apt-get", path=site.environ.get("PATH")) is not None


def install(package: str) -> None:
    """Install one package of the distribution; raises CommandError."""
    # A repository of somebody else's that is out of reach is no reason not to try.
    with contextlib.suppress(CommandError):
        process.run(Command(["apt-get", "update", "-qq"], _UPDATE_LIMIT, env=_ENV))
    words = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", package]
    process.run(Command(words, _INSTALL_LIMIT, env=_ENV))
