"""The folder .venv is made with what the interpreter has for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision import record, virtual_environment
from provision.outcome import MissingError
from provision.python_packages import provide

if TYPE_CHECKING:
    from workbench import Workbench

# Makes something that looks like an environment where it is told to.
MAKE = 'mkdir -p "$last/bin"; echo > "$last/pyvenv.cfg"; printf "#!/bin/sh\\n" > "$last/bin/python"'
MAKE += '; chmod +x "$last/bin/python"; echo "$*" > "$last/made-by"'


def _python(bench: Workbench, *, ensurepip: bool, pip: bool = True) -> Path:
    script = f"""
for word; do last=$word; done
case "$*" in
  *"import ensurepip"*) exit {0 if ensurepip else 1} ;;
  *"import pip"*) exit {0 if pip else 1} ;;
  *"-m pip install"*) exit 0 ;;
  *"-m venv"*|*"-m virtualenv"*) {MAKE} ;;
esac
"""
    return bench.program("python3.12", script)


def test_own_venv_module_first(bench: Workbench) -> None:
    """An interpreter with ensurepip needs nothing else."""
    site = bench.site()
    virtual_environment.create(site, bench.say, _python(bench, ensurepip=True))
    assert "-m venv" in (site.venv / "made-by").read_text("utf-8")


def test_virtualenv_without_ensurepip(bench: Workbench) -> None:
    """Not root: pip's virtualenv, locked, in a throw-away folder."""
    site = bench.site()
    virtual_environment.create(site, bench.say, _python(bench, ensurepip=False))
    assert "-m virtualenv" in (site.venv / "made-by").read_text("utf-8")
    assert "fetching virtualenv with pip" in bench.said


def test_nothing_to_make_it_with_names_the_package(bench: Workbench) -> None:
    """Neither ensurepip nor pip: one sentence that says what to install."""
    with pytest.raises(MissingError, match="no ensurepip, no virtualenv") as caught:
        virtual_environment.create(
            bench.site(), bench.say, _python(bench, ensurepip=False, pip=False)
        )
    assert "apt-get install python3-venv" in caught.value.remedy


def test_virtualenv_out_of_reach_names_the_package(bench: Workbench) -> None:
    """Pip is there, the index is not."""
    python = bench.program(
        "python3.12", 'case "$*" in *ensurepip*|*install*) echo no route >&2; exit 1 ;; esac'
    )
    with pytest.raises(MissingError) as caught:
        virtual_environment.create(bench.site(), bench.say, python)
    assert any("no route" in line for line in bench.said)
    assert "python3-venv" in caught.value.remedy


def test_the_distributions_package_is_of_the_same_version() -> None:
    """Only the distribution's own interpreter can use the distribution's package."""
    remedy = virtual_environment._remedy(Path("/usr/bin/python3.99"))
    assert "python3.99-venv" in remedy


def test_a_folder_that_is_no_environment_is_left_alone(bench: Workbench) -> None:
    """Somebody's own folder of that name is never removed."""
    kept = bench.site().venv / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("mine", "utf-8")
    with pytest.raises(MissingError, match="is not a Python environment"):
        virtual_environment.create(bench.site(), bench.say, _python(bench, ensurepip=True))
    assert kept.read_text("utf-8") == "mine"


def test_broken_environment_is_made_anew(bench: Workbench) -> None:
    """After an upgrade of the distribution the interpreter behind it may be gone."""
    site = bench.site()
    (site.venv / "bin").mkdir(parents=True)
    (site.venv / "pyvenv.cfg").touch()
    site.python.symlink_to("/nonexistent/python3.11")
    assert not virtual_environment.usable(site)
    virtual_environment.create(site, bench.say, _python(bench, ensurepip=True))
    assert virtual_environment.usable(site)


def test_moved_tree_gets_a_new_environment(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts hold absolute paths: a copied work tree must not use the original's."""
    monkeypatch.setattr("sys.executable", str(_python(bench, ensurepip=True)))
    site = bench.site()
    provide(site, bench.say)
    moved = bench.root.with_name("moved")
    shutil.move(bench.root, moved)
    bench.root, bench.said = moved, []
    provide(bench.site(), bench.say)
    assert any(line.startswith("making .venv") for line in bench.said)
    assert record.read(moved / ".venv/provision.json")["root"] == str(moved)
