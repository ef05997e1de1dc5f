"""Tokens that end by themselves, and when they were used last: contract C40, issue 4."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from imis_sso.domain.access import Principal, Scope, TokenNameTaken, TokenState
from imis_sso.domain.problems import Unauthenticated
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.migrate import DATABASE

pytestmark = pytest.mark.anyio


class Clock(Protocol):
    """The clock of the store."""

    def __call__(self) -> datetime:
        """Give the present moment."""

    def forward(self, seconds: float = 60) -> datetime:
        """Move on."""


async def _used(store: SqlStore) -> list[datetime | None]:
    await store.tokens.settled()
    return [each.last_used_at for each in await store.tokens.list()]


async def test_a_token_ends_at_its_moment(store: SqlStore, clock: Clock) -> None:
    end = clock() + timedelta(seconds=60)
    token = await store.tokens.create("ci", Scope.READ, expires_at=end)
    clock.forward(59)
    assert await store.tokens.find(token) == Principal("ci", Scope.READ)
    clock.forward(1)
    with pytest.raises(Unauthenticated, match="expired at 2025-01-31 12:01 UTC"):
        await store.tokens.find(token)
    (record,) = await store.tokens.list()
    assert (record.expires_at, record.state(clock())) == (end, TokenState.EXPIRED)


async def test_only_its_holder_learns_that_it_has_expired(store: SqlStore, clock: Clock) -> None:
    """A wrong secret part, and a revoked token, are nobody: as if there had never been one."""
    token = await store.tokens.create("ci", Scope.READ, expires_at=clock())
    assert await store.tokens.find(token[:-2] + ("aa" if token[-2:] != "aa" else "bb")) is None
    await store.tokens.revoke("ci")
    assert await store.tokens.find(token) is None
    (record,) = await store.tokens.list()
    assert record.state(clock()) is TokenState.REVOKED


async def test_an_expired_token_gives_up_its_name(store: SqlStore, clock: Clock) -> None:
    end = clock.forward(0) + timedelta(seconds=60)
    old = await store.tokens.create("ci", Scope.READ, expires_at=end)
    with pytest.raises(TokenNameTaken):
        await store.tokens.create("ci", Scope.READ)
    clock.forward(61)
    new = await store.tokens.create("ci", Scope.APPLY)
    assert await store.tokens.find(old) is None
    assert await store.tokens.find(new) == Principal("ci", Scope.APPLY)
    first, _ = await store.tokens.list()
    assert first.revoked_at == end


async def test_the_last_use_is_recorded_once_a_minute(store: SqlStore, clock: Clock) -> None:
    token = await store.tokens.create("ci", Scope.READ)
    assert await _used(store) == [None]
    first = clock()
    await store.tokens.find(token)
    assert await _used(store) == [first]
    clock.forward(59)
    await store.tokens.find(token)
    assert await _used(store) == [first]
    second = clock.forward(1)
    await store.tokens.find(token)
    assert await _used(store) == [second]


async def test_what_another_process_recorded_counts(
    file_store: SqlStore, clock: Clock, tmp_path: Path
) -> None:
    token = await file_store.tokens.create("ci", Scope.READ)
    await file_store.tokens.find(token)
    first = await _used(file_store)
    other = await open_store(tmp_path / "data", lambda: first[0] + timedelta(seconds=30))  # type: ignore[operator]
    await other.tokens.find(token)
    assert await _used(other) == first
    await other.aclose()


async def test_a_wrong_token_is_no_use(store: SqlStore) -> None:
    token = await store.tokens.create("ci", Scope.READ)
    await store.tokens.find(token + "x")
    assert await _used(store) == [None]


async def test_a_store_that_cannot_be_written_stops_no_reader(
    file_store: SqlStore, tmp_path: Path
) -> None:
    """Issue 4: best effort. Another process holds the database's write lock all the while."""
    token = await file_store.tokens.create("ci", Scope.READ)
    lock = sqlite3.connect(tmp_path / "data" / DATABASE, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    assert await file_store.tokens.find(token) == Principal("ci", Scope.READ)
    assert await file_store.tokens.find(token) == Principal("ci", Scope.READ)
    assert file_store.tokens._notes, "the note waits for the lock; nobody else does"
    lock.execute("ROLLBACK")
    lock.close()
    assert len(await _used(file_store)) == 1


async def test_a_database_that_is_read_only_stops_no_reader(file_store: SqlStore) -> None:
    token = await file_store.tokens.create("ci", Scope.READ)
    async with file_store.database.connect() as connection:
        await connection.exec_driver_sql("PRAGMA query_only = ON")
    assert await file_store.tokens.find(token) == Principal("ci", Scope.READ)
    assert await _used(file_store) == [None]


async def test_the_last_writes_of_somebody(store: SqlStore) -> None:
    """`imis-sso offboard`: by exact name, or below it; names that only look alike are others'."""
    writers = {
        "a": "jane", "b": "jane.laptop", "c": "cli.jane", "d": "jane:repo:acme/x", "e": "janet",
        "f": "mary", "g": "x.jane", "h": "JANE",
    }  # fmt: skip
    for resource, who in writers.items():
        await store.managed.wrote("test", resource, who)
    found = await store.managed.by("jane")
    assert [each.resource for each in found] == ["a", "b", "c", "d"]
    assert {each.environment for each in found} == {"test"}
