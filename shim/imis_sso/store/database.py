"""The database as every table's own module uses it: one place that says it cannot be used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from sqlalchemy import Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.store.sqlite import WRITES
from imis_sso.store.undisturbed import Transactions


class Database:
    """Connections of one engine. Whatever fails in them is `StoreUnavailable`, in one sentence.

    `IntegrityError` passes: it is an answer of the database, and callers ask for it.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._writing = {
            durable: engine.execution_options(**{WRITES: "durable" if durable else "fleeting"})
            for durable in (True, False)
        }
        # SQLite has one writer at a time and lets the others poll: here they stand in line.
        is_file = self.dialect == "sqlite"
        self._line = asyncio.Lock() if is_file else nullcontext()
        self._transactions = Transactions() if is_file else None

    @property
    def dialect(self) -> str:
        """Name of the database's dialect: `sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Give the dialect's own INSERT, which knows ON CONFLICT."""
        return postgresql.insert(table) if self.dialect == "postgresql" else sqlite.insert(table)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for reading. Raises StoreUnavailable."""
        try:
            async with self._opened(self.engine, writes=False) as connection:
                yield connection
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error) from None

    @asynccontextmanager
    async def begin(
        self, alone: str = "", *, durable: bool = True
    ) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, committed at the end. Raises StoreUnavailable.

        Two transactions with the same `alone` run one after the other, in whatever process they
        are: what one has read is still so when it writes. Without `durable` the last moments may
        be lost with the machine, never with a process.
        """
        try:
            engine = self._writing[durable]
            async with self._line, self._opened(engine, writes=True) as connection:
                if self.dialect == "postgresql":
                    await _as_asked(connection, alone, durable=durable)
                yield connection
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error) from None

    async def ping(self) -> None:
        """Ask for an answer that needs the database itself. Raises StoreUnavailable."""
        async with self.connect() as connection:
            await connection.execute(text("SELECT version_num FROM alembic_version"))

    async def aclose(self) -> None:
        """Close every connection."""
        if self._transactions is not None:
            await self._transactions.aclose()
        await self.engine.dispose()

    def _opened(
        self, engine: AsyncEngine, *, writes: bool
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        if self._transactions is not None:
            return self._transactions.open(engine, writes=writes)
        return engine.begin() if writes else engine.connect()


async def _as_asked(connection: AsyncConnection, alone: str, *, durable: bool) -> None:
    """Do on PostgreSQL what SQLite's one write lock and its pragma do there."""
    if not durable:
        await connection.execute(text("SET LOCAL synchronous_commit = off"))
    if alone:
        locked = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
        await connection.execute(locked, {"name": f"imis-sso {alone}"})


def _unavailable(error: Exception) -> StoreUnavailable:
    # The driver's own words, without statement and parameters: those may be a token's hash.
    origin = getattr(error, "orig", None) or error
    return StoreUnavailable(
        str(origin).strip().splitlines()[0] if str(origin) else type(origin).__name__
    )
