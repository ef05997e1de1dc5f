"""The database: made and migrated on start, private, refused in one line where it cannot be."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import importlib.util
import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from imis_sso.domain.configuration import ConfigurationError
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.migrate import DATABASE, LOCK, prepare, version
from imis_sso.store.migrations import HEAD
from imis_sso.store.place import private_file
from imis_sso.store.tables import METADATA


def refused(data_dir: Path) -> str:
    """Give the one line that opening a data directory ends in."""
    with pytest.raises(ConfigurationError) as caught:
        prepare(data_dir, lock_seconds=0.1)
    (line,) = str(caught.value).splitlines()
    return line


def mode(path: Path) -> int:
    """Give the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{prepare(tmp_path)}")
    with engine.connect() as connection:
        assert set(METADATA.tables) < set(inspect(connection).get_table_names())
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_the_head_that_a_start_looks_for_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "imis_sso.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_baseline_can_be_undone(tmp_path: Path) -> None:
    import alembic.command

    engine = create_engine(f"sqlite:///{prepare(tmp_path)}")
    config = Config()
    config.set_main_option("script_location", "imis_sso.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.downgrade(config, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()
    assert version(prepare(tmp_path)) == HEAD


def test_everything_is_private(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        prepare(tmp_path / "a" / "data")
    finally:
        os.umask(previous)
    data = tmp_path / "a" / "data"
    assert mode(data) == 0o700
    assert {each.name: mode(each) for each in data.iterdir()} == {DATABASE: 0o600, LOCK: 0o600}


def test_a_database_that_was_opened_to_others_is_closed(tmp_path: Path) -> None:
    database = prepare(tmp_path)
    database.chmod(0o644)
    prepare(tmp_path)
    assert mode(database) == 0o600


def test_what_is_there_is_kept_and_the_second_start_is_quick(tmp_path: Path) -> None:
    database = prepare(tmp_path)
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO applied_secrets VALUES ('test', 'r', 'ref', 'v1')")
    began = time.perf_counter()
    prepare(tmp_path)
    assert time.perf_counter() - began < 0.15
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("SELECT count(*) FROM applied_secrets").fetchone() == (1,)


def test_a_start_without_migration_does_not_even_import_alembic(tmp_path: Path) -> None:
    prepare(tmp_path)
    program = (
        "import sys; from pathlib import Path; from imis_sso.store.migrate import prepare; "
        f"prepare(Path({str(tmp_path)!r})); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_processes_that_start_at_once_share_one_database(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from imis_sso.store.migrate import prepare; "
        f"prepare(Path({str(tmp_path / 'data')!r}))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [each.wait(60) for each in running] == [0] * 4
    assert version(tmp_path / "data" / DATABASE) == HEAD


def test_a_lock_that_is_held_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with (tmp_path / LOCK).open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        expected = f"{tmp_path / LOCK}: has been locked by another process for too long"
        assert refused(tmp_path) == expected
    assert version(prepare(tmp_path)) == HEAD


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    database = prepare(tmp_path)
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
    assert refused(tmp_path) == f"{database}: was written by a newer version of imis-sso"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database at all" * 100)
    expected = f"{tmp_path / DATABASE}: cannot be used as the database: file is not a database"
    assert refused(tmp_path) == expected


def test_tables_that_are_somebody_elses(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE)) as opened:
        opened.execute("CREATE TABLE tokens (x)")
    assert refused(tmp_path) == f"{tmp_path / DATABASE}: cannot be migrated: OperationalError"


def test_data_directories_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / DATABASE).mkdir()
    unusable = "cannot be used as data directory"
    assert refused(tmp_path / "file") == f"{tmp_path / 'file'}: {unusable}: File exists"
    below = tmp_path / "file" / "data"
    assert refused(below) == f"{below}: {unusable}: Not a directory"
    assert refused(tmp_path / "open").endswith("that everybody may write to: chmod 0700")
    assert str(tmp_path / "taken" / DATABASE) in refused(tmp_path / "taken")
    (tmp_path / "locked" / LOCK).mkdir(parents=True)
    locked = tmp_path / "locked"
    assert refused(locked) == f"{locked / LOCK}: is not a file"


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    assert refused(tmp_path) == f"{tmp_path / LOCK}: cannot be used: No space left on device"


def test_a_second_store_leaves_the_locks_of_the_first_alone(tmp_path: Path) -> None:
    """Closing a file drops the locks that the same process holds on it (fcntl(2))."""
    database = prepare(tmp_path)
    with closing(sqlite3.connect(database, isolation_level=None)) as first:
        first.execute("BEGIN EXCLUSIVE")
        private_file(database)
        program = f"import sqlite3; sqlite3.connect({str(database)!r}, timeout=0).execute('DELETE FROM tokens')"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert b"database is locked" in other.stderr


def test_a_directory_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried by a user without rights: root may write everywhere."""
    (tmp_path / "theirs").mkdir(mode=0o555)
    if os.geteuid() == 0:
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert refused(tmp_path / "theirs").endswith("that this user may not write to")


@pytest.mark.anyio
async def test_how_connections_are_set(file_store: SqlStore) -> None:
    async with file_store.database.connect() as connection:  # pragmas have no other door
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        ]
    assert found == ["wal", 1, 10_000, 2]


@pytest.mark.anyio
async def test_files_beside_the_database_are_private_too(
    file_store: SqlStore, tmp_path: Path
) -> None:
    await file_store.applied_secrets.delete("x", "y")
    modes = {each.name: mode(each) for each in (tmp_path / "data").iterdir()}
    assert f"{DATABASE}-wal" in modes
    assert set(modes.values()) == {0o600}


@pytest.mark.anyio
async def test_two_stores_write_at_the_same_time(tmp_path: Path) -> None:
    stores = [await open_store(tmp_path) for _ in range(3)]
    await asyncio.gather(
        *(
            store.managed.wrote("test", f"{at}-{number}", "x")
            for number in range(15)
            for at, store in enumerate(stores)
        ),
    )
    found = [await stores[0].managed.current("test", f"{at}-14") for at in range(3)]
    assert all(found)
    for store in stores:
        await store.aclose()


def test_the_migrations_are_part_of_the_package() -> None:
    found = importlib.util.find_spec("imis_sso.store.migrations")
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = Path(next(iter(found.submodule_search_locations)))
    assert (folder / "env.py").is_file()
    assert list((folder / "versions").glob("v*.py"))
