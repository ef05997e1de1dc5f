"""How far each sink of the audit trail has come."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from imis_sso.store.database import Database
from imis_sso.store.tables import DELIVERIES


class SqlDeliveries:
    """See `base.Deliveries`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, sink: str, environment: str) -> int:
        """Give the last number delivered; see `base.Deliveries.get`."""
        query = select(DELIVERIES.c.seq).where(_is(sink, environment))
        async with self._database.connect() as connection:
            return int((await connection.execute(query)).scalar_one_or_none() or 0)

    async def put(self, sink: str, environment: str, seq: int) -> None:
        """Note the last number delivered; see `base.Deliveries.put`."""
        noted = self._database.insert(DELIVERIES).values(
            sink=sink, environment=environment, seq=seq
        )
        further = noted.on_conflict_do_update(
            index_elements=["sink", "environment"],
            set_={"seq": seq},
            where=DELIVERIES.c.seq < seq,  # another process may have come further
        )
        async with self._database.begin() as connection:
            await connection.execute(further)


def _is(sink: str, environment: str) -> ColumnElement[bool]:
    return (DELIVERIES.c.sink == sink) & (DELIVERIES.c.environment == environment)
