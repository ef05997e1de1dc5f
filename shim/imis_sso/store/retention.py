"""How long the history is kept, and what is never dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from imis_sso.domain.snapshots import OURS
from imis_sso.store.tables import HISTORY, INTENTS, MANAGED, SNAPSHOTS

ALWAYS: Final = 50
"""Entries of an environment that are kept whatever the policy says (target R9)."""


@dataclass(frozen=True)
class Retention:
    """The policy: the newest `keep` entries, none older than `days`; applied on every n-th call."""

    keep: int = 500
    days: int = 400
    every: int = 25


async def prune(
    connection: AsyncConnection, environment: str, policy: Retention, now: datetime
) -> None:
    """Drop entries of an environment that are kept no longer, and snapshots nothing names."""
    beyond = await _number(connection, environment, max(policy.keep, ALWAYS))
    recent = await _number(connection, environment, ALWAYS)
    if recent is None:
        return
    old = HISTORY.c.at < now - timedelta(days=policy.days)
    dropped = old if beyond is None else old | (HISTORY.c.number <= beyond)
    found = (HISTORY.c.environment == environment) & (HISTORY.c.number <= recent) & dropped
    found &= HISTORY.c.number.not_in(_ours(environment))
    names = (await connection.execute(select(HISTORY.c.snapshot).distinct().where(found))).scalars()
    gone = list(names)
    await connection.execute(delete(HISTORY).where(found))
    await _drop(connection, environment, gone)


async def _number(connection: AsyncConnection, environment: str, newest: int) -> int | None:
    """Give the number of the first entry behind the newest ones, None where there is none."""
    query = select(HISTORY.c.number).where(HISTORY.c.environment == environment)
    behind = query.order_by(HISTORY.c.number.desc()).offset(newest).limit(1)
    found: int | None = (await connection.execute(behind)).scalar_one_or_none()
    return found


def _ours(environment: str) -> ColumnElement[int]:
    """Give the number of the last state of each document that we made: `repair` needs it."""
    ours = HISTORY.c.cause.in_([each.value for each in OURS])
    newest = select(func.max(HISTORY.c.number)).where(HISTORY.c.environment == environment, ours)
    return newest.group_by(HISTORY.c.resource).scalar_subquery()


async def _drop(connection: AsyncConnection, environment: str, names: Sequence[str]) -> None:
    gone = (SNAPSHOTS.c.environment == environment) & SNAPSHOTS.c.id.in_(names)
    # Whoever is about to name one again has locked it, or finds it gone and stores it anew.
    await connection.execute(select(SNAPSHOTS.c.id).where(gone).with_for_update())
    for table, column in (
        (HISTORY, HISTORY.c.snapshot),
        (MANAGED, MANAGED.c.found),
        (INTENTS, INTENTS.c.found),
    ):
        named = select(column).where(table.c.environment == environment, column.is_not(None))
        gone &= SNAPSHOTS.c.id.not_in(named)
    await connection.execute(delete(SNAPSHOTS).where(gone))
