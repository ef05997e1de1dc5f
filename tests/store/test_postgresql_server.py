"""A store on a PostgreSQL server: made, migrated, out of reach, back again."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgresql_cluster import Cluster
from sqlalchemy import Connection, inspect, text

from imis_sso.domain.configuration import ConfigurationError
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.secret import Secret
from imis_sso.store import migrate, postgresql
from imis_sso.store.database import Database
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.migrate import prepare_server, server_version
from imis_sso.store.migrations import HEAD
from imis_sso.store.postgresql import Server, postgresql_engine
from imis_sso.store.tables import METADATA

pytestmark = pytest.mark.anyio

RESOURCE = "imis/openid-connect"


async def refused(server: Server) -> str:
    """Give the one line that opening a store there ends in."""
    with pytest.raises(ConfigurationError) as caught:
        await prepare_server(server)
    (line,) = str(caught.value).splitlines()
    return line


def name_of(url: str) -> str:
    """Give the database's name."""
    return url.split("@/")[1].split("?", maxsplit=1)[0]


async def version(server: Server) -> str | None:
    database = Database(postgresql_engine(server))
    try:
        return await server_version(database)
    finally:
        await database.aclose()


async def test_migrations_make_the_tables_that_the_code_knows(cluster: Cluster) -> None:
    server = Server(cluster.empty())
    assert await version(server) is None
    await prepare_server(server)

    def compared(connection: Connection) -> None:
        assert set(METADATA.tables) < set(inspect(connection).get_table_names())
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    database = Database(postgresql_engine(server))
    async with database.connect() as connection:
        await connection.run_sync(compared)
    await database.aclose()


def test_processes_that_start_at_once_share_one_database(cluster: Cluster) -> None:
    """One migrates, the others wait for it."""
    url = cluster.empty()
    program = (
        "import asyncio; from imis_sso.store.migrate import prepare_server; "
        "from imis_sso.store.postgresql import Server; "
        f"asyncio.run(prepare_server(Server({url!r})))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [each.wait(60) for each in running] == [0] * 3
    assert asyncio.run(version(Server(url))) == HEAD


def test_a_start_without_migration_does_not_even_import_alembic(database_url: str) -> None:
    program = (
        "import asyncio, sys; from imis_sso.store.migrate import prepare_server; "
        "from imis_sso.store.postgresql import Server; "
        f"asyncio.run(prepare_server(Server({database_url!r}))); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


async def test_a_migration_that_another_process_does_not_end_is_not_waited_for_without_end(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "MIGRATION_SECONDS", 1)
    server = Server(cluster.empty())
    holder = Database(postgresql_engine(server))
    async with holder.begin("migration"):
        line = await refused(server)
    await holder.aclose()
    assert line == f"{server.url}: cannot be used: canceling statement due to lock timeout"


async def test_a_database_of_a_newer_version(database_url: str, cluster: Cluster) -> None:
    cluster.sql("UPDATE alembic_version SET version_num = '9999'", name_of(database_url))
    line = await refused(Server(database_url))
    assert line == f"{database_url}: was written by a newer version of imis-sso"


async def test_tables_that_are_somebody_elses(cluster: Cluster) -> None:
    url = cluster.empty()
    cluster.sql("CREATE TABLE tokens (x int)", name_of(url))
    assert await refused(Server(url)) == f"{url}: cannot be migrated: ProgrammingError"


async def test_servers_and_databases_that_are_not_there(cluster: Cluster, tmp_path: Path) -> None:
    nowhere = Server(f"postgresql://owner@/x?host={tmp_path}")
    assert await refused(nowhere) == f"{nowhere.url}: cannot be used: No such file or directory"
    closed = Server("postgresql://owner@127.0.0.1:1/x")
    assert (await refused(closed)).startswith(f"{closed.url}: cannot be used: Connect call failed")
    absent = Server(cluster.url("absent"))
    assert (
        await refused(absent) == f'{absent.url}: cannot be used: database "absent" does not exist'
    )


async def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "CONNECT_SECONDS", 0.2)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        line = await refused(Server(f"postgresql://owner@127.0.0.1:{port}/x?sslmode=disable"))
    assert line.endswith("cannot be used: the database server does not answer")


async def test_without_its_extra_it_says_what_to_install(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    line = await refused(Server(database_url))
    assert line == (
        "database_url: needs a driver that is not installed: install imis-sso[postgresql]"
    )


async def test_the_password_is_asked_for_at_each_connection_and_never_said(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """Contract C20; a rotated password is seen without a restart."""
    caplog.set_level(logging.DEBUG)
    given = ["canary-wrong"]

    async def password() -> Secret:
        return Secret(given[0])

    server = Server(cluster.empty().replace("owner@", "guarded@"), password)
    line = await refused(server)
    assert (
        line == f'{server.url}: cannot be used: password authentication failed for user "guarded"'
    )
    database = Database(postgresql_engine(server))
    with pytest.raises(StoreUnavailable, match="password authentication failed"):
        await server_version(database)
    given[0] = "right"
    assert await server_version(database) is None
    await database.aclose()
    assert "canary" not in caplog.text + repr(server)


async def test_a_password_that_cannot_be_had(cluster: Cluster) -> None:
    async def password() -> Secret:
        msg = "its file cannot be read"
        raise StoreUnavailable(msg)

    server = Server(cluster.url("postgres", "guarded"), password)
    assert await refused(server) == f"{server.url}: cannot be used: its file cannot be read"


async def test_a_restart_between_two_uses_goes_unnoticed(
    database_url: str, cluster: Cluster, tmp_path: Path
) -> None:
    store = await open_store(tmp_path, server=Server(database_url))
    await asyncio.gather(*(store.managed.wrote("test", f"r{n}", "ci") for n in range(5)))
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start)
    await asyncio.gather(*(store.managed.wrote("test", f"r{n}", "anna") for n in range(5)))
    await store.aclose()


async def test_connections_come_back_after_an_outage(
    database_url: str, cluster: Cluster, tmp_path: Path
) -> None:
    """While the server is gone every use says so; nothing has to be restarted here."""
    store = await open_store(tmp_path, server=Server(database_url))
    await asyncio.gather(*(store.managed.wrote("test", f"r{n}", "ci") for n in range(5)))
    await asyncio.to_thread(cluster.stop)
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await store.ping()
        with pytest.raises(StoreUnavailable):
            await store.managed.wrote("test", RESOURCE, "ci")
    finally:
        await asyncio.to_thread(cluster.start)
    await asyncio.gather(*(store.managed.wrote("test", f"r{n}", "anna") for n in range(5)))
    found = await store.managed.current("test", "r4")
    assert found is not None
    assert found.last_writer == "anna"
    await store.aclose()


async def test_nothing_waits_without_end(database_url: str, tmp_path: Path) -> None:
    store = await open_store(tmp_path, server=Server(database_url))
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    async with store.database.connect() as connection:
        found = [(await connection.execute(text(f"SHOW {name}"))).scalar_one() for name in names]
    assert found == ["10s", "20s", "30s"]
    await store.aclose()


async def test_what_runs_alone_runs_alone(store: SqlStore, other: SqlStore) -> None:
    """Both databases: what a transaction has read is still so when it writes."""
    await store.managed.wrote("test", RESOURCE, "0")

    async def count(at: SqlStore) -> None:
        async with at.database.begin("counting") as connection:
            found = await connection.execute(text("SELECT last_writer FROM managed"))
            number = int(found.scalar_one()) + 1
            await asyncio.sleep(0.005)
            new = text("UPDATE managed SET last_writer = :new")
            await connection.execute(new, {"new": str(number)})

    await asyncio.gather(*(count((store, other)[n % 2]) for n in range(12)))
    found = await store.managed.current("test", RESOURCE)
    assert found is not None
    assert found.last_writer == "12"


async def test_a_store_answers_while_its_tables_are_there(store: SqlStore) -> None:
    await store.ping()
    async with store.database.begin() as connection:
        await connection.execute(text(f"DROP TABLE {migrate.VERSION_TABLE}"))
    with pytest.raises(StoreUnavailable):
        await store.ping()
