"""S6: what an image holds is the part of the lock that a service needs, whole and with hashes."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import runtime_lock
from provision import lockfile

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = ("browser", "keyring", "postgresql")


def names(*extras: str) -> set[str]:
    return {pin.name for pin in runtime_lock.chosen(ROOT, runtime_lock.wanted(ROOT, extras))}


def needed(package: str) -> set[str]:
    """Give what an installed package itself says that it needs on this machine."""
    try:
        said = importlib.metadata.requires(package) or []
    except importlib.metadata.PackageNotFoundError:  # one of another platform
        return set()
    found = [Requirement(each) for each in said]
    here = [each for each in found if not each.marker or each.marker.evaluate({"extra": ""})]
    return {lockfile.normalize(each.name) for each in here}


@pytest.mark.parametrize("extras", [(), *((each,) for each in EXTRAS), EXTRAS])
def test_nothing_that_is_needed_is_left_out(extras: tuple[str, ...]) -> None:
    """pip installs it with --no-deps: what is missing would be missing at run time."""
    found = names(*extras)
    assert found
    assert {(each, more) for each in found for more in needed(each) if more not in found} == set()


def test_nothing_of_the_development_is_in_it() -> None:
    own = {
        lockfile.normalize(Requirement(each).name) for each in PROJECT["dependency-groups"]["dev"]
    }
    own |= {"cdktf", "constructs", "jsii", "jinja2", "trustme", "hatchling"}
    assert names(*EXTRAS) & own == set()


def test_extras_are_taken_only_when_asked_for() -> None:
    assert {"playwright", "asyncpg", "keyring"} & names() == set()
    assert "playwright" in names("browser")


def test_it_is_printed_as_pip_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Every pin with its hashes and its marker."""
    runtime_lock.main(["postgresql"])
    pins = lockfile.parse(capsys.readouterr().out)
    assert {pin.name for pin in pins} == names("postgresql")
    assert [pin.name for pin in pins if "--hash=sha256:" not in pin.text] == []
    runtime_lock.main(["--package", "hatchling"])
    assert "pathspec==" in capsys.readouterr().out


def test_what_there_is_not_is_named() -> None:
    with pytest.raises(SystemExit, match="no extra 'browsers'"):
        runtime_lock.main(["browsers"])
    with pytest.raises(SystemExit, match="does not have no-such-package"):
        runtime_lock.main(["--package", "No_Such.Package"])
