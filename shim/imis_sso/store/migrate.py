"""Bringing the database to this version's tables, under a lock, on start."""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.store.database import Database
from imis_sso.store.migrations import HEAD
from imis_sso.store.place import private_directory, private_file, refusal
from imis_sso.store.postgresql import Server, postgresql_engine

logger = logging.getLogger(__name__)

DATABASE: Final = "imis-sso.sqlite3"
LOCK: Final = "imis-sso.lock"
LOCK_SECONDS: Final = 30.0
VERSION_TABLE: Final = "alembic_version"


def prepare(data_dir: Path, lock_seconds: float = LOCK_SECONDS) -> Path:
    """Give the database of a data directory, made or migrated where necessary.

    Several processes may start at once: one of them migrates, the others wait. Raises
    ConfigurationError where the directory or the database cannot be used.
    """
    database = private_directory(data_dir) / DATABASE
    if not database.exists() or version(database) != HEAD:
        with _lock(data_dir / LOCK, lock_seconds):
            private_file(database)
            if version(database) != HEAD:
                _upgrade(database)
    private_file(database)
    return database


def version(database: Path) -> str | None:
    """Give the migration that a database is at, None for an empty one.

    Reads one row instead of importing Alembic, which would double the time of a start. Raises
    ConfigurationError where the file is no database.
    """
    try:
        with closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)
        ) as opened:
            known = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            if opened.execute(known).fetchone() is None:
                return None
            row = opened.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if row is None else str(row[0])
    except sqlite3.Error as error:
        raise refusal(database, f"cannot be used as the database: {error}") from None


@contextmanager
def _lock(path: Path, seconds: float) -> Iterator[None]:
    private_file(path)
    with path.open("rb") as stream:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise refusal(path, "has been locked by another process for too long") from None
                time.sleep(0.05)
        yield


def _upgrade(database: Path) -> None:
    from sqlalchemy import URL, create_engine

    # While nobody writes: later, the first connection that asks for it waits for no lock.
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
    engine = create_engine(URL.create("sqlite", database=str(database)), hide_parameters=True)
    try:
        with engine.begin() as connection:
            _migrate(connection, partial(refusal, database))
    finally:
        engine.dispose()


async def prepare_server(server: Server) -> None:
    """Bring a server's database to this version's tables; one process at a time, the others wait.

    Raises ConfigurationError where the server is out of reach or the database cannot be used.
    """
    refuse = partial(_server_refusal, server)
    database = Database(postgresql_engine(server, migrating=True))
    try:
        if await server_version(database) != HEAD:
            async with database.begin("migration") as connection:
                if await _server_version(connection) != HEAD:
                    await connection.run_sync(_migrate, refuse)
    except StoreUnavailable as error:
        raise refuse(f"cannot be used: {error}") from None
    finally:
        await database.aclose()


async def server_version(database: Database) -> str | None:
    """Give the migration that a server's database is at, None for an empty one.

    Raises StoreUnavailable.
    """
    async with database.connect() as connection:
        return await _server_version(connection)


async def _server_version(connection: AsyncConnection) -> str | None:
    known = await connection.execute(text("SELECT to_regclass('alembic_version')"))
    if known.scalar_one() is None:
        return None
    found = await connection.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


def _server_refusal(server: Server, message: str) -> ConfigurationError:
    return ConfigurationError([ConfigurationFault(None, None, server.url, message)])


def _migrate(connection: Connection, refuse: Callable[[str], ConfigurationError]) -> None:
    import alembic.command  # only where there is something to migrate
    import alembic.config
    import alembic.util
    from sqlalchemy import exc

    config = alembic.config.Config()
    config.set_main_option("script_location", "imis_sso.store:migrations")
    config.attributes["connection"] = connection
    try:
        alembic.command.upgrade(config, "head")
    except alembic.util.CommandError:
        raise refuse("was written by a newer version of imis-sso") from None
    except exc.SQLAlchemyError as error:
        raise refuse(f"cannot be migrated: {error.__class__.__name__}") from None
    logger.debug("database is at migration %s", HEAD)
