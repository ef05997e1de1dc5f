"""The database as every table's own module uses it: one place that says it cannot be used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from imis_sso.domain.ledger import StoreUnavailable


class Database:
    """Connections of one engine. Whatever fails in them is `StoreUnavailable`, in one sentence.

    `IntegrityError` passes: it is an answer of the database, and callers ask for it.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @property
    def dialect(self) -> str:
        """Name of the database's dialect: `sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for reading. Raises StoreUnavailable."""
        try:
            async with self.engine.connect() as connection:
                yield connection
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error) from None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, committed at the end. Raises StoreUnavailable."""
        try:
            async with self.engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error) from None

    async def aclose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _unavailable(error: Exception) -> StoreUnavailable:
    # The driver's own words, without statement and parameters: those may be a token's hash.
    origin = getattr(error, "orig", None) or error
    return StoreUnavailable(
        str(origin).strip().splitlines()[0] if str(origin) else type(origin).__name__
    )
