"""Python packages, installed by the environment's own pip, with their hashes checked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from provision import lockfile, process
from provision.process import Command

if TYPE_CHECKING:
    from provision.process import Word
    from provision.site import Site

LOCK = "requirements.lock"
TOOLS_LOCK = "requirements-tools.lock"
_QUIET = ("--disable-pip-version-check", "--no-input", "--quiet", "--root-user-action", "ignore")
# The lock is complete, so nothing is left to resolve; and pip's resolver would look at the newest
# version of a package that another one wants with an extra, for which the lock has no hash.
_AS_LOCKED = ("--require-hashes", "--no-deps")
_LOCK_LIMIT = 900.0
_PROJECT_LIMIT = 180.0
_TOOL_LIMIT = 600.0


def install_lock(site: Site) -> None:
    """Install exactly what ``requirements.lock`` lists; raises CommandError."""
    words: list[Word] = [site.python, "-m", "pip", "install", *_QUIET, *_AS_LOCKED]
    process.run(Command([*words, "-r", site.root / LOCK], _LOCK_LIMIT, cwd=site.root))


def install_project(site: Site) -> None:
    """Install this work tree itself, editable, with nothing fetched; raises CommandError."""
    words: list[Word] = [
        site.python,
        "-m",
        "pip",
        "install",
        *_QUIET,
        "--no-deps",
        "--no-build-isolation",
    ]
    process.run(Command([*words, "--editable", site.root], _PROJECT_LIMIT, cwd=site.root))


def install_tool(
    site: Site, name: str, python: Path | None = None, into: Path | None = None
) -> str:
    """Install one package of ``requirements-tools.lock`` with what it needs.

    Takes another interpreter or a target folder where the project's environment is not meant.
    Gives the version; raises CommandError, LookupError where the lock has no such package.
    """
    pins = lockfile.select(lockfile.parse((site.root / TOOLS_LOCK).read_text("utf-8")), name)
    version = next((pin.version for pin in pins if pin.name == lockfile.normalize(name)), None)
    if version is None:
        raise LookupError(f"{TOOLS_LOCK} does not list {name}")
    words: list[Word] = [python or site.python, "-m", "pip", "install", *_QUIET, *_AS_LOCKED]
    target: list[Word] = ["--target", into] if into else []
    with tempfile.TemporaryDirectory() as folder:
        selection = Path(folder, "selection.lock")
        selection.write_text("\n".join(pin.text for pin in pins) + "\n", "utf-8")
        process.run(Command([*words, *target, "-r", selection], _TOOL_LIMIT, cwd=site.root))
    return version


def installed(site: Site, name: str) -> bool:
    """Tell whether the environment has a package in the version of the tools' lock."""
    pins = lockfile.parse((site.root / TOOLS_LOCK).read_text("utf-8"))
    stem = lockfile.normalize(name).replace("-", "_")
    versions = [pin.version for pin in pins if pin.name == lockfile.normalize(name)]
    pattern = "lib/python3*/site-packages/{}-{}.dist-info"
    return any(any(site.venv.glob(pattern.format(stem, version))) for version in versions)


def ensure_tool(site: Site, name: str) -> None:
    """Install a package of the tools' lock into the environment unless it is there.

    Raises CommandError, LookupError.
    """
    if not installed(site, name):
        install_tool(site, name)


def package_file(site: Site, inside: str) -> Path | None:
    """Find a file of an installed package by its path inside ``site-packages``."""
    return next(iter(site.venv.glob(f"lib/python3*/site-packages/{inside}")), None)
