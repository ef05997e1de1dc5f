"""`imis-sso store`: check, migrate, backup."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from command_line import Registry, command
from postgresql_cluster import Cluster

from imis_sso.store.migrate import DATABASE
from imis_sso.store.migrations import HEAD


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def on_server(
    registry: Registry, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """Give a registry file whose store is an empty database on a server, and its URL."""
    for name in ("fingerprint_key_file", "audit_key_file"):
        (tmp_path / name).write_text(f"{'ab' * 32}\n")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "audit_key_file").unlink()
    made = registry()
    command("store", "migrate", "-c", str(made))
    shutil.copy2(tmp_path / "data" / "audit.key", tmp_path / "audit_key_file")
    url = cluster.empty()
    names = ("fingerprint_key_file", "audit_key_file")
    return str(registry(database_url=url, **{name: name for name in names})), url


def test_a_store_that_is_not_there_is_said_and_not_made(registry: Registry, data: Path) -> None:
    ended = command("store", "check", "-c", str(registry()))
    ended.failed("there is no database yet: imis-sso store migrate makes it")
    assert not data.exists()


def test_migrate_says_from_where_to_where(registry: Registry) -> None:
    file = str(registry())
    assert command("store", "migrate", "-c", file).out == (
        f"Migrated the store from nothing to version {HEAD}.\n"
    )
    assert command("store", "migrate", "-c", file).out == (
        f"The store is at version {HEAD} already.\n"
    )


def test_a_sound_store(registry: Registry, data: Path) -> None:
    file = str(registry())
    command("token", "create", "ci", "-c", file)
    ended = command("store", "check", "-c", file)
    assert (ended.code, ended.err) == (0, "")
    assert f"{data / DATABASE}: version {HEAD}" in ended.out
    assert "Writable: yes" in ended.out
    found = command("store", "check", "--json", "-c", file).json
    assert found["sound"]
    assert found["writable"]
    assert found["rows"]["tokens"] == 1
    assert found["rows"]["tickets"] == 0
    assert found["size"] > 10_000
    assert found["free"] > 0


def test_the_same_on_a_server(on_server: tuple[str, str]) -> None:
    file, url = on_server
    ended = command("store", "check", "-c", file)
    ended.failed("it has no tables yet: imis-sso store migrate makes them", "it cannot be written…")
    assert f"from nothing to version {HEAD}" in command("store", "migrate", "-c", file).out
    command("token", "create", "ci", "-c", file)
    found = command("store", "check", "--json", "-c", file).json
    assert found["place"] == url
    assert (found["sound"], found["version"], found["free"]) == (True, HEAD, None)
    assert found["rows"]["tokens"] == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "its tables are at version 0001…"),
        ("DROP TABLE holds", "the table holds is missing"),
        (
            "ALTER TABLE tokens DROP COLUMN last_used_at",
            "the column tokens.last_used_at is missing",
        ),
    ],
)
def test_what_is_wrong_with_the_tables(
    registry: Registry, data: Path, statement: str, said: str
) -> None:
    file = str(registry())
    command("store", "migrate", "-c", file)
    with closing(sqlite3.connect(data / DATABASE)) as opened, opened:
        opened.execute(statement)
    command("store", "check", "-c", file).failed(said)
    ended = command("store", "check", "--json", "-c", file)
    assert (ended.code, ended.json["sound"]) == (1, False)


def test_a_damaged_file(registry: Registry, data: Path) -> None:
    file = str(registry())
    command("store", "migrate", "-c", file)
    path = data / DATABASE
    content = bytearray(path.read_bytes())
    for at in range(8192, len(content), 4096):
        content[at : at + 200] = b"\xff" * 200
    path.write_bytes(content)
    ended = command("store", "check", "-c", file)
    assert ended.code == 1
    assert "damaged" in ended.err or "malformed" in ended.err


def test_a_store_that_cannot_be_written(on_server: tuple[str, str], cluster: Cluster) -> None:
    """A replica of the database that only follows another, for example."""
    file, url = on_server
    command("store", "migrate", "-c", file)
    name = url.split("@/")[1].split("?", maxsplit=1)[0]
    cluster.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    ended = command("store", "check", "-c", file)
    ended.failed("it cannot be written: cannot execute INSERT in a read-only transaction")
    assert "Writable: no" in ended.out


def test_a_disk_that_is_nearly_full(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(registry())
    command("store", "migrate", "-c", file)
    usage = shutil.disk_usage("/")._replace(free=3 * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    command("store", "check", "-c", file).failed("only 3 MiB are free where it is")


def test_a_server_out_of_reach(on_server: tuple[str, str], cluster: Cluster) -> None:
    file, url = on_server
    cluster.stop()
    try:
        command("store", "check", "-c", file).failed("it cannot be used: …")
        command("store", "migrate", "-c", file).failed(f"{url}: cannot be used: …")
    finally:
        cluster.start()


def test_a_backup_while_others_write(registry: Registry, data: Path, tmp_path: Path) -> None:
    file = str(registry())
    command("token", "create", "ci", "-c", file)
    stop = threading.Event()

    def writing() -> None:
        with closing(sqlite3.connect(data / DATABASE, timeout=10)) as opened:
            while not stop.is_set():
                with opened:
                    opened.execute("INSERT INTO tickets VALUES (NULL, 'e', 'p', 'h', 0)")

    writer = threading.Thread(target=writing)
    writer.start()
    target = tmp_path / "copy.sqlite3"
    try:
        ended = command("store", "backup", str(target), "-c", file)
    finally:
        stop.set()
        writer.join()
    assert ended.code == 0, ended
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert str(data) in ended.out
    with closing(sqlite3.connect(target)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("SELECT name FROM tokens").fetchall() == [("ci",)]
    assert [each.name for each in tmp_path.glob("*copy*")] == [target.name]


def test_a_backup_can_be_put_in_place(registry: Registry, data: Path, tmp_path: Path) -> None:
    file = str(registry())
    command("token", "create", "ci", "-c", file)
    command("store", "backup", str(tmp_path / "copy"), "-c", file)
    for each in data.glob(f"{DATABASE}*"):
        each.unlink()
    (tmp_path / "copy").rename(data / DATABASE)
    assert command("store", "check", "-c", file).code == 0
    assert "ci" in command("token", "list", "-c", file).out


def test_a_backup_overwrites_nothing_and_needs_a_store(
    registry: Registry, data: Path, tmp_path: Path
) -> None:
    file = str(registry())
    target = tmp_path / "copy"
    ended = command("store", "backup", str(target), "-c", file)
    ended.failed(f"{data / DATABASE}: there is no database to back up")
    command("store", "migrate", "-c", file)
    target.write_text("mine")
    command("store", "backup", str(target), "-c", file).failed(f"{target}: is there already")
    assert target.read_text() == "mine"
    nowhere = tmp_path / "no" / "copy"
    ended = command("store", "backup", str(nowhere), "-c", file)
    ended.failed(f"{nowhere}: cannot be written: No such file or directory")


def test_on_a_server_pg_dump_is_named(
    on_server: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, url = on_server
    monkeypatch.setitem(os.environ, "IMIS_SSO_DATABASE_URL", url.replace("@", ":canary@", 1))
    ended = command("store", "backup", "copy", "-c", file)
    ended.failed(
        "the store is on a PostgreSQL server, which has a tool of its own for this:",
        f"pg_dump --format=custom --file=copy '{url}'",
    )
