"""Print the part of requirements.lock that a service needs, with its hashes.

Usage: python -m runtime_lock [EXTRA ...] [--package NAME ...], for example `postgresql browser`.
A name after --package is taken with all it needs, such as `hatchling`, which builds the package.
Needs nothing but Python: the image is built with it before any package is there.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from provision import lockfile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

ROOT = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def wanted(root: Path, extras: Iterable[str]) -> set[str]:
    """Give the names that pyproject.toml asks for, with some of its extras.

    Raises SystemExit naming an extra that it does not have.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    lists = [project["dependencies"]]
    for extra in extras:
        if extra not in project["optional-dependencies"]:
            raise SystemExit(f"runtime_lock: there is no extra {extra!r}")
        lists.append(project["optional-dependencies"][extra])
    found = (_NAME.match(text) for entries in lists for text in entries)
    return {lockfile.normalize(match.group()) for match in found if match}


def chosen(root: Path, names: Collection[str]) -> list[lockfile.Pin]:
    """Give the pins of these packages and of all they need, in the lock's order.

    Raises SystemExit naming what the lock does not have.
    """
    pins = lockfile.parse((root / "requirements.lock").read_text("utf-8"))
    missing = sorted({lockfile.normalize(name) for name in names} - {pin.name for pin in pins})
    if missing:
        raise SystemExit(f"runtime_lock: requirements.lock does not have {', '.join(missing)}")
    kept = {pin.name for name in names for pin in lockfile.select(pins, name)}
    return [pin for pin in pins if pin.name in kept]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the pins."""
    parser = argparse.ArgumentParser(prog="runtime_lock", description=__doc__)
    parser.add_argument("extra", nargs="*", help="an extra of pyproject.toml")
    parser.add_argument("--package", action="append", help="only this package; may be repeated")
    options = parser.parse_args(arguments)
    names = set(options.package or ()) or wanted(ROOT, options.extra)
    for pin in chosen(ROOT, names):
        print(pin.text)


if __name__ == "__main__":
    main()
