"""Opening the store: SQLite in the data directory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import create_async_engine

from imis_sso.store.applied_secrets import SqlAppliedSecrets
from imis_sso.store.database import Database
from imis_sso.store.managed import SqlManaged
from imis_sso.store.migrate import prepare
from imis_sso.store.refused_logins import SqlRefusedLogins
from imis_sso.store.tables import now
from imis_sso.store.tokens import SqlTokens

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",  # first, so that the next one waits for others too
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


class SqlStore:
    """See `base.Store`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self.database = database
        self.tokens = SqlTokens(database, clock)
        self.applied_secrets = SqlAppliedSecrets(database)
        self.managed = SqlManaged(database, clock)
        self.refused_logins = SqlRefusedLogins(database, clock)

    async def aclose(self) -> None:
        """Close every connection."""
        await self.database.aclose()


async def open_store(data_dir: Path, clock: Callable[[], datetime] = now) -> SqlStore:
    """Open the store of a data directory, made or migrated where necessary.

    Raises ConfigurationError where the directory or its database cannot be used.
    """
    database = await asyncio.to_thread(prepare, data_dir)
    # Parameters are hashes and fingerprints: they stay out of exceptions and logs.
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(database)), hide_parameters=True
    )
    event.listen(engine.sync_engine, "connect", _configure)
    return SqlStore(Database(engine), clock)


def _configure(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
