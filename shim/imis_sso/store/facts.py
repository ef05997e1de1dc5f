"""Facts: small things that must survive a restart, and that every replica has to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select

from imis_sso.domain.facts import Fact, FactKind
from imis_sso.store.database import Database
from imis_sso.store.tables import FACTS, now

_KEY = ["environment", "kind", "key"]


class SqlFacts:
    """See `base.Facts`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database, self._clock = database, clock

    async def get(self, environment: str, kind: FactKind, key: str) -> Fact | None:
        """Give what is known under a key; see `base.Facts.get`."""
        async with self._database.connect() as connection:
            found = await connection.execute(select(FACTS).where(_is(environment, kind, key)))
            row = found.one_or_none()
        return None if row is None else _fact(row)

    async def all(self, environment: str, kind: FactKind) -> Sequence[Fact]:
        """Give everything of a kind; see `base.Facts.all`."""
        mine = (FACTS.c.environment == environment) & (FACTS.c.kind == kind)
        async with self._database.connect() as connection:
            rows = await connection.execute(select(FACTS).where(mine).order_by(FACTS.c.key))
            return [_fact(row) for row in rows]

    async def put(self, fact: Fact) -> None:
        """Keep a fact; see `base.Facts.put`."""
        statement = self._insert(fact)
        again = statement.on_conflict_do_update(index_elements=_KEY, set_=self._values(fact))
        async with self._database.begin() as connection:
            await connection.execute(again)

    async def add(self, fact: Fact) -> bool:
        """Keep a fact unless there is one; see `base.Facts.add`."""
        async with self._database.begin() as connection:
            done = await connection.execute(self._insert(fact).on_conflict_do_nothing())
        return bool(done.rowcount)

    async def forget(self, environment: str, kind: FactKind, key: str) -> bool:
        """Forget a fact; see `base.Facts.forget`."""
        async with self._database.begin() as connection:
            done = await connection.execute(delete(FACTS).where(_is(environment, kind, key)))
        return bool(done.rowcount)

    def _insert(self, fact: Fact) -> Any:
        key = {"environment": fact.environment, "kind": fact.kind, "key": fact.key}
        return self._database.insert(FACTS).values(**key, **self._values(fact))

    def _values(self, fact: Fact) -> dict[str, Any]:
        return {"content": dict(fact.content), "who": fact.who, "at": fact.at or self._clock()}


def _is(environment: str, kind: FactKind, key: str) -> ColumnElement[bool]:
    return (FACTS.c.environment == environment) & (FACTS.c.kind == kind) & (FACTS.c.key == key)


def _fact(row: Row[Any]) -> Fact:
    return Fact(row.environment, row.kind, row.key, row.content, row.who, row.at)
