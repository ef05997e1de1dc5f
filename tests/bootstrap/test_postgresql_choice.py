"""PostgreSQL's server programs: on PATH, where distributions put them, or their package."""

from __future__ import annotations

from pathlib import Path

import pytest
from workbench import Workbench

from provision import postgresql
from provision.outcome import MissingError

SERVER = "echo 'postgres (PostgreSQL) 16.4 (Debian 16.4-1)'"


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the root of a machine on which nothing is installed."""
    monkeypatch.setattr(postgresql, "ROOM", tmp_path / "machine")
    return tmp_path / "machine"


def installed(bench: Workbench, folder: Path, script: str = SERVER) -> Path:
    """Put server and initdb into a folder."""
    bench.program("initdb", "exit 0", folder=folder)
    bench.program("postgres", script, folder=folder)
    return folder


def test_the_server_on_path_is_taken_first(bench: Workbench, room: Path) -> None:
    installed(bench, bench.programs)
    installed(bench, room / "usr/lib/postgresql/17/bin")
    found = postgresql.provide(bench.site(), bench.say)
    assert (found.version, found.origin) == ("16.4", "found on PATH")
    assert found.settings == {"IMIS_SSO_POSTGRESQL_BIN": str(bench.programs)}


def test_of_several_installed_versions_the_newest_is_taken(bench: Workbench, room: Path) -> None:
    """17 is newer than 9.6, which is also too old."""
    installed(bench, room / "usr/lib/postgresql/9.6/bin", "echo postgres '(PostgreSQL)' 9.6.1")
    newest = installed(bench, room / "usr/lib/postgresql/17/bin")
    installed(bench, room / "usr/lib/postgresql/14/bin")
    assert postgresql.provide(bench.site(), bench.say).path == str(newest)


def test_a_server_without_initdb_and_an_old_one_are_passed_over(
    bench: Workbench, room: Path
) -> None:
    """A client package brings no initdb; a test could not make a cluster."""
    bench.program("postgres", SERVER)
    installed(bench, room / "usr/lib/postgresql/9.6/bin", "echo postgres '(PostgreSQL)' 9.6.1")
    with pytest.raises(MissingError, match="no server programs") as caught:
        postgresql.provide(bench.site(), bench.say)
    assert "apt-get install postgresql" in caught.value.remedy
    assert any("there is no initdb beside it" in line for line in bench.said)
    assert any("9.6.1 is older than 13" in line for line in bench.said)


def test_the_distributions_package_as_root(
    bench: Workbench, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = installed(bench, bench.root / "source")
    target = room / "usr/lib/postgresql/16"
    bench.program(
        "apt-get",
        f'case "$*" in *install*postgresql) mkdir -p {target}; cp -r {source} {target}/bin ;; esac',
    )
    monkeypatch.setenv("PATH", f"{bench.programs}:/usr/bin:/bin")
    found = postgresql.provide(bench.site(uid=0), bench.say)
    assert (found.origin, found.path) == ("the distribution's package", f"{target}/bin")


def test_an_ordinary_user_installs_nothing(bench: Workbench) -> None:
    bench.program("apt-get", f"touch {bench.root}/apt-was-called")
    with pytest.raises(MissingError):
        postgresql.provide(bench.site(uid=1000), bench.say)
    assert not (bench.root / "apt-was-called").exists()
