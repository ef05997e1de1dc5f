"""The managed period of each resource (contract C5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, select, update

from imis_sso.domain.access import belongs_to
from imis_sso.domain.ledger import ManagedPeriod
from imis_sso.store.database import Database
from imis_sso.store.tables import MANAGED, now


class SqlManaged:
    """See `base.Managed`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def by(self, who: str) -> Sequence[ManagedPeriod]:
        """Give what a caller wrote last; see `base.Managed.by`."""
        order = (MANAGED.c.environment, MANAGED.c.resource)
        async with self._database.connect() as connection:
            rows = await connection.execute(select(MANAGED).order_by(*order))
            found = [ManagedPeriod(*row) for row in rows]
        return [each for each in found if belongs_to(each.last_writer, who)]

    async def current(self, environment: str, resource: str) -> ManagedPeriod | None:
        """Give the period that lasts; see `base.Managed.current`."""
        period = await self.last(environment, resource)
        return period if period and period.lasts else None

    async def last(self, environment: str, resource: str) -> ManagedPeriod | None:
        """Give the last period; see `base.Managed.last`."""
        async with self._database.connect() as connection:
            found = await connection.execute(select(MANAGED).where(_is(environment, resource)))
            row = found.one_or_none()
        return None if row is None else ManagedPeriod(*row)

    async def wrote(
        self, environment: str, resource: str, who: str, found: str | None = None
    ) -> None:
        """Note a managed write; see `base.Managed.wrote`."""
        moment = self._clock()
        first = self._database.insert(MANAGED).values(
            environment=environment,
            resource=resource,
            period_started_at=moment,
            last_write_at=moment,
            last_writer=who,
            found=found,
        )
        lasts = MANAGED.c.ended_at.is_(None)
        again = first.on_conflict_do_update(
            index_elements=["environment", "resource"],
            set_={
                "period_started_at": case(
                    (lasts, MANAGED.c.period_started_at), else_=first.excluded.period_started_at
                ),
                "found": case((lasts, MANAGED.c.found), else_=first.excluded.found),
                "last_write_at": moment,
                "last_writer": who,
                "ended_at": None,
            },
        )
        async with self._database.begin() as connection:
            await connection.execute(again)

    async def end(self, environment: str, resource: str) -> None:
        """End the period that lasts; see `base.Managed.end`."""
        lasts = _is(environment, resource) & MANAGED.c.ended_at.is_(None)
        async with self._database.begin() as connection:
            await connection.execute(update(MANAGED).where(lasts).values(ended_at=self._clock()))


def _is(environment: str, resource: str) -> ColumnElement[bool]:
    return (MANAGED.c.environment == environment) & (MANAGED.c.resource == resource)
