"""Holds: who stopped the mode from being raised, and why (contract 1.2)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from imis_sso.domain.audit import Entry
from imis_sso.domain.holds import Hold, hold_of
from imis_sso.store.database import Database
from imis_sso.store.tables import HOLDS
from imis_sso.store.trail import SqlTrail


class SqlHolds:
    """See `base.Holds`."""

    def __init__(self, database: Database, trail: SqlTrail) -> None:
        self._database, self._trail = database, trail

    async def current(self, environment: str) -> Hold | None:
        """Give the hold that stands; see `base.Holds.current`."""
        query = select(HOLDS).where(HOLDS.c.environment == environment)
        async with self._database.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else hold_of(environment, dict(row))

    async def put(self, hold: Hold, entries: Sequence[Entry]) -> None:
        """Set a hold together with its lines; see `base.Holds.put`."""
        values = {
            "environment": hold.environment,
            "reason": hold.reason,
            "who": hold.who,
            "at": hold.since,
        }

        async def replaced(connection: AsyncConnection) -> None:
            await _delete(connection, hold.environment)
            await connection.execute(insert(HOLDS).values(values))

        await self._trail.append_with(entries, replaced)

    async def release(self, environment: str, entries: Sequence[Entry]) -> None:
        """End a hold together with its lines; see `base.Holds.release`."""

        async def ended(connection: AsyncConnection) -> None:
            await _delete(connection, environment)

        await self._trail.append_with(entries, ended)


async def _delete(connection: AsyncConnection, environment: str) -> None:
    await connection.execute(delete(HOLDS).where(HOLDS.c.environment == environment))
