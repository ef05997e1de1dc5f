"""Step 1: the project's own Python environment, exactly as locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision import lockfile, pip, record, virtual_environment
from provision.outcome import Found, MissingError
from provision.process import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from provision.site import Say, Site


def provide(site: Site, say: Say) -> Found:
    """Make ``.venv`` hold what ``requirements.lock`` lists, and this work tree, editable.

    Gives the number of locked packages; raises MissingError where it cannot be had.
    """
    wanted = {"root": str(site.root), "key": _key(site)}
    record_file = site.venv / "provision.json"
    usable = virtual_environment.usable(site)
    if usable and record.read(record_file) == wanted and not site.force:
        return _found(site, "as locked already")
    if not usable or _moved(site, record_file):
        virtual_environment.create(site, say)
    _install(site, say)
    record.write(record_file, wanted)
    return _found(site, "installed from the package index, hashes checked")


def _key(site: Site) -> str:
    return record.digest([site.root / pip.LOCK, site.root / "pyproject.toml"])


def _moved(site: Site, record_file: Path) -> bool:
    """Scripts and editable installs hold absolute paths: a moved environment is no good."""
    return record.read(record_file).get("root", str(site.root)) != str(site.root)


def _install(site: Site, say: Say) -> None:
    try:
        say(f"installing {_count(site)} packages of {pip.LOCK}")
        pip.install_lock(site)
        say("installing this work tree, editable")
        pip.install_project(site)
    except CommandError as error:
        raise MissingError(
            f"Python packages: {error}",
            "make a Python package index reachable to pip (pip's own settings, for example "
            "PIP_INDEX_URL or HTTPS_PROXY, are respected) and run script/bootstrap again",
        ) from error


def _count(site: Site) -> int:
    return len(lockfile.parse((site.root / pip.LOCK).read_text("utf-8")))


def _found(site: Site, origin: str) -> Found:
    return Found(f"{_count(site)} packages", origin, str(site.venv))
