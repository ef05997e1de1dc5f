"""The folder ``.venv``: made with what the interpreter or the distribution has for it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from provision import apt, pip, process
from provision.outcome import MissingError
from provision.process import Command, CommandError

if TYPE_CHECKING:
    from provision.process import Word
    from provision.site import Say, Site

MINIMUM = (3, 11)
_CREATE_LIMIT = 120.0
_PROBE_LIMIT = 20.0
_DISTRIBUTION_PYTHON = Path("/usr/bin")


def usable(site: Site) -> bool:
    """Tell whether ``.venv`` has an interpreter that runs, is new enough, and has pip."""
    probe = f"import sys, pip; sys.exit(sys.version_info < {MINIMUM})"
    return _runs([site.python, "-c", probe])


def create(site: Site, say: Say, python: Path | None = None) -> None:
    """Make ``.venv`` anew from ``python`` (default: the one that runs this).

    Tries the interpreter's own ``venv``, then, as root, the distribution's package, then pip's
    ``virtualenv``. Raises MissingError that names what to install.
    """
    python = python or Path(sys.executable)
    _remove(site)
    if not _has_ensurepip(python):
        say(f"{python} has no ensurepip")
        _from_distribution(site, python, say)
    if _has_ensurepip(python):
        say(f"making .venv with {python} -m venv")
        _run_or_missing([python, "-m", "venv", site.venv], python)
    else:
        _with_virtualenv(site, python, say)


def _remove(site: Site) -> None:
    if not site.venv.exists():
        return
    if any(site.venv.iterdir()) and not (site.venv / "pyvenv.cfg").exists():
        raise MissingError(
            f"{site.venv} is not a Python environment",
            "move that folder away and run script/bootstrap again",
        )
    shutil.rmtree(site.venv)


def _from_distribution(site: Site, python: Path, say: Say) -> None:
    package = _distribution_package(python)
    if package is None or not apt.available(site):
        return
    say(f"installing the distribution's package {package}")
    try:
        apt.install(package)
    except CommandError as error:
        say(f"{package} could not be installed: {error}")


def _distribution_package(python: Path) -> str | None:
    real = python.resolve()
    return f"{real.name}-venv" if real.parent == _DISTRIBUTION_PYTHON else None


def _with_virtualenv(site: Site, python: Path, say: Say) -> None:
    if not _runs([python, "-c", "import pip"]):
        raise _missing(python)
    with tempfile.TemporaryDirectory() as folder:
        say("fetching virtualenv with pip")
        try:
            pip.install_tool(site, "virtualenv", python=python, into=Path(folder))
        except (CommandError, LookupError) as error:
            say(f"virtualenv could not be fetched: {error}")
            raise _missing(python) from error
        say("making .venv with virtualenv")
        words: list[Word] = [python, "-m", "virtualenv", "--quiet", site.venv]
        _run_or_missing(words, python, {"PYTHONPATH": folder})


def _run_or_missing(words: list[Word], python: Path, env: dict[str, str] | None = None) -> None:
    try:
        process.run(Command(words, _CREATE_LIMIT, env=env))
    except CommandError as error:
        raise MissingError(str(error), _remedy(python)) from error


def _missing(python: Path) -> MissingError:
    return MissingError(
        f"{python} can make no environment: no ensurepip, no virtualenv", _remedy(python)
    )


def _remedy(python: Path) -> str:
    package = _distribution_package(python) or "python3-venv"
    return f"install your distribution's {package} (Debian, Ubuntu: apt-get install {package})"


def _has_ensurepip(python: Path) -> bool:
    return _runs([python, "-c", "import ensurepip, venv; ensurepip.version()"])


def _runs(words: list[Word]) -> bool:
    if not os.access(words[0], os.X_OK):
        return False
    try:
        process.run(Command(words, _PROBE_LIMIT))
    except CommandError:
        return False
    return True
