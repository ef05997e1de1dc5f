"""Opening the store: SQLite in the data directory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import create_async_engine

from imis_sso.store.applied_secrets import SqlAppliedSecrets
from imis_sso.store.database import Database
from imis_sso.store.deliveries import SqlDeliveries
from imis_sso.store.history import SqlHistory
from imis_sso.store.holds import SqlHolds
from imis_sso.store.managed import SqlManaged
from imis_sso.store.migrate import prepare
from imis_sso.store.refused_logins import SqlRefusedLogins
from imis_sso.store.retention import Retention
from imis_sso.store.signing import Signer, load_signer
from imis_sso.store.spool import FileSpool
from imis_sso.store.tables import now
from imis_sso.store.tokens import SqlTokens
from imis_sso.store.trail import SqlTrail

SPOOL: Final = "spool"

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",  # first, so that the next one waits for others too
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


class SqlStore:
    """See `base.Store`."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        spool: Path,
        clock: Callable[[], datetime] = now,
        retention: Retention | None = None,
    ) -> None:
        self.database, self.signer = database, signer
        self.tokens = SqlTokens(database, clock)
        self.applied_secrets = SqlAppliedSecrets(database)
        self.managed = SqlManaged(database, clock)
        self.refused_logins = SqlRefusedLogins(database, clock)
        self.trail = SqlTrail(database, signer, clock)
        self.holds = SqlHolds(database, self.trail)
        self.history = SqlHistory(database, retention, clock)
        self.deliveries = SqlDeliveries(database)
        self.spool = FileSpool(spool, signer, clock)

    @property
    def public_key(self) -> str:
        """The public half of the audit key, in PEM form."""
        return self.signer.public_pem

    async def aclose(self) -> None:
        """Close every connection, after what is still being recorded."""
        await self.tokens.settled()
        await self.database.aclose()


@dataclass(frozen=True)
class _KeyPlaces:
    data_dir: Path
    audit_key_file: Path | None


async def open_store(
    data_dir: Path,
    clock: Callable[[], datetime] = now,
    *,
    audit_key_file: Path | None = None,
    retention: Retention | None = None,
) -> SqlStore:
    """Open the store of a data directory, made or migrated where necessary.

    `audit_key_file` names the audit key, None for the one in the data directory; `retention` says
    how long the history is kept. Raises
    ConfigurationError where the directory, its database or the key cannot be used.
    """
    database = await asyncio.to_thread(prepare, data_dir)
    # Parameters are hashes and fingerprints: they stay out of exceptions and logs.
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(database)), hide_parameters=True
    )
    event.listen(engine.sync_engine, "connect", _configure)
    signer = load_signer(_KeyPlaces(data_dir, audit_key_file))
    return SqlStore(Database(engine), signer, data_dir / SPOOL, clock, retention)


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _configure(connection: Any, _record: object) -> None:
    # What somebody has changed in the file may be no text at all; it is read, and found then.
    connection.driver_connection.text_factory = _text
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
