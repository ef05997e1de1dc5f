"""Snapshots and the history of an environment (contract section 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from imis_sso.domain.snapshots import Cause, Moment, Snapshot, State
from imis_sso.store.database import Database
from imis_sso.store.retention import Retention, prune
from imis_sso.store.tables import HISTORY, SNAPSHOTS, now


class SqlHistory:
    """See `base.History`."""

    def __init__(
        self,
        database: Database,
        retention: Retention | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database, self._clock = database, clock
        self._retention = retention or Retention()
        self._asked: dict[str, int] = {}

    async def moments(
        self, environment: str, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Moment]:
        """Give the newest entries first; see `base.History.moments`."""
        query = select(HISTORY).where(HISTORY.c.environment == environment)
        if before is not None:
            query = query.where(HISTORY.c.number < before)
        async with self._database.connect() as connection:
            rows = await connection.execute(query.order_by(HISTORY.c.number.desc()).limit(limit))
            return [_moment(row) for row in rows]

    async def last(self, environment: str, resource: str, causes: Sequence[Cause]) -> Moment | None:
        """Give the newest entry of a document; see `base.History.last`."""
        query = (
            select(HISTORY)
            .where(HISTORY.c.environment == environment, HISTORY.c.resource == resource)
            .where(HISTORY.c.cause.in_([each.value for each in causes]))
            .order_by(HISTORY.c.number.desc())
            .limit(1)
        )
        async with self._database.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _moment(row)

    async def snapshot(self, environment: str, name: str) -> Snapshot | None:
        """Give a snapshot by its id; see `base.History.snapshot`."""
        async with self._database.connect() as connection:
            return await _snapshot(connection, environment, name)

    async def latest(self, environment: str) -> Snapshot | None:
        """Give the newest snapshot; see `base.History.latest`."""
        async with self._database.connect() as connection:
            return await _latest(connection, environment)

    async def moment(self, environment: str, number: int) -> Moment | None:
        """Give the entry of a number; see `base.History.moment`."""
        found = (HISTORY.c.environment == environment) & (HISTORY.c.number == number)
        async with self._database.connect() as connection:
            row = (await connection.execute(select(HISTORY).where(found))).one_or_none()
        return None if row is None else _moment(row)

    async def beginning(self, environment: str, prefix: str) -> Sequence[str]:
        """Give the ids that begin with a text; see `base.History.beginning`."""
        found = (SNAPSHOTS.c.environment == environment) & SNAPSHOTS.c.id.startswith(
            prefix, autoescape=True
        )
        query = select(SNAPSHOTS.c.id).where(found).order_by(SNAPSHOTS.c.id).limit(2)
        async with self._database.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def prune(self, environment: str) -> None:
        """Drop what is kept no longer, on every so many calls; see `base.History.prune`."""
        asked = self._asked.get(environment, 0)
        self._asked[environment] = asked + 1
        if asked % self._retention.every == 0:
            async with self._database.begin() as connection:
                await prune(connection, environment, self._retention, self._clock())


async def keep(
    connection: AsyncConnection,
    states: Sequence[State],
    *,
    environment: str,
    who: str,
    at: datetime,
    seq: int,
) -> tuple[str, ...]:
    """Keep states in a transaction that is under way; gives the snapshot of each.

    A state that was only found is no news where the newest snapshot has it already.
    """
    snapshot = await _latest(connection, environment) or Snapshot(environment, {})
    names = []
    for state in states:
        following = snapshot.having(state)
        names.append(following.id)
        if following.id == snapshot.id and state.cause is Cause.FOUND:
            continue
        await _store(connection, following)
        values = {
            "environment": environment,
            "at": at,
            "snapshot": following.id,
            "cause": state.cause.value,
            "resource": state.resource,
            "who": who,
            "seq": seq,
        }
        await connection.execute(insert(HISTORY).values(values))
        snapshot = following
    return tuple(names)


async def _store(connection: AsyncConnection, snapshot: Snapshot) -> None:
    found = (SNAPSHOTS.c.environment == snapshot.environment) & (SNAPSHOTS.c.id == snapshot.id)
    # Locked where the database knows locks: it must not be pruned before its entry is in place.
    held = select(SNAPSHOTS.c.id).where(found).with_for_update(read=True)
    if (await connection.execute(held)).one_or_none() is None:
        values = {
            "environment": snapshot.environment,
            "id": snapshot.id,
            "content": snapshot.text,
        }
        await connection.execute(insert(SNAPSHOTS).values(values))


async def _snapshot(connection: AsyncConnection, environment: str, name: str) -> Snapshot | None:
    found = (SNAPSHOTS.c.environment == environment) & (SNAPSHOTS.c.id == name)
    row = (await connection.execute(select(SNAPSHOTS.c.content).where(found))).one_or_none()
    return None if row is None else Snapshot.of(environment, row.content)


async def _latest(connection: AsyncConnection, environment: str) -> Snapshot | None:
    newest = (
        select(HISTORY.c.snapshot)
        .where(HISTORY.c.environment == environment)
        .order_by(HISTORY.c.number.desc())
        .limit(1)
    )
    name = (await connection.execute(newest)).scalar_one_or_none()
    return None if name is None else await _snapshot(connection, environment, name)


def _moment(row: Row[Any]) -> Moment:
    return Moment(
        row.number,
        row.environment,
        row.at,
        row.snapshot,
        Cause(row.cause),
        row.resource,
        row.who,
        row.seq,
    )
