"""Opening the store: SQLite in the data directory, or a database on a PostgreSQL server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from imis_sso.store.applied_secrets import SqlAppliedSecrets
from imis_sso.store.database import Database
from imis_sso.store.deliveries import SqlDeliveries
from imis_sso.store.evidences import SqlEvidences
from imis_sso.store.facts import SqlFacts
from imis_sso.store.history import SqlHistory
from imis_sso.store.holds import SqlHolds
from imis_sso.store.idempotency import SqlIdempotency
from imis_sso.store.leases import SqlLeases
from imis_sso.store.managed import SqlManaged
from imis_sso.store.migrate import prepare, prepare_server
from imis_sso.store.postgresql import Server, postgresql_engine
from imis_sso.store.refused_logins import SqlRefusedLogins
from imis_sso.store.retention import Retention
from imis_sso.store.signing import Signer, load_signer
from imis_sso.store.spool import FileSpool
from imis_sso.store.sqlite import sqlite_engine
from imis_sso.store.tables import now
from imis_sso.store.tokens import SqlTokens
from imis_sso.store.trail import SqlTrail

SPOOL: Final = "spool"


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
        self.evidences = SqlEvidences(database, clock)
        self.facts = SqlFacts(database, clock)
        self.idempotency = SqlIdempotency(database, clock)
        self.spool = FileSpool(spool, signer, clock)
        self.leases = SqlLeases(database)

    async def ping(self) -> None:
        """Ask the database for an answer; see `base.Store.ping`."""
        await self.database.ping()

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
    server: Server | None = None,
    audit_key_file: Path | None = None,
    retention: Retention | None = None,
) -> SqlStore:
    """Open the store, made or migrated where necessary: on a server, else in the data directory.

    `audit_key_file` names the audit key, None for the one in the data directory; `retention` says
    how long the history is kept. Raises ConfigurationError where the directory, the server, the
    database or the key cannot be used.
    """
    engine = await _on_server(server) if server is not None else await _in_directory(data_dir)
    signer = load_signer(_KeyPlaces(data_dir, audit_key_file))
    return SqlStore(Database(engine), signer, data_dir / SPOOL, clock, retention)


async def _in_directory(data_dir: Path) -> AsyncEngine:
    return sqlite_engine(await asyncio.to_thread(prepare, data_dir))


async def _on_server(server: Server) -> AsyncEngine:
    await prepare_server(server)
    return postgresql_engine(server)
