"""Answers under their key: one claim, one answer, a dead process in nobody's way. contract C35."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from imis_sso.domain.idempotency import RETENTION, RUNNING, Claim, KeptAnswer
from imis_sso.domain.problems import IdempotencyMismatch, InProgress
from imis_sso.store.engine import SqlStore
from imis_sso.store.tables import IDEMPOTENCY

pytestmark = pytest.mark.anyio

ANSWER = KeptAnswer(200, (("content-type", "application/json"), ("etag", '"x"')), '{"a":"ä"}')
CALL = ("ci", "key-1", "d" * 64)


async def begun(store: SqlStore, caller: str, key: str, digest: str) -> Claim:
    claim = await store.idempotency.claim(caller, key, digest)
    assert isinstance(claim, Claim)
    return claim


async def rows(store: SqlStore) -> int:
    async with store.database.connect() as connection:
        found: int = (
            await connection.execute(select(func.count()).select_from(IDEMPOTENCY))
        ).scalar_one()
    return found


async def test_the_answer_is_given_again(store: SqlStore) -> None:
    await store.idempotency.keep(await begun(store, *CALL), ANSWER)
    assert await store.idempotency.claim(*CALL) == ANSWER
    assert await store.idempotency.claim(*CALL) == ANSWER


async def test_another_request_under_the_key_is_refused(store: SqlStore) -> None:
    """Running or answered."""
    claim = await begun(store, *CALL)
    with pytest.raises(IdempotencyMismatch):
        await store.idempotency.claim("ci", "key-1", "e" * 64)
    await store.idempotency.keep(claim, ANSWER)
    with pytest.raises(IdempotencyMismatch):
        await store.idempotency.claim("ci", "key-1", "e" * 64)


async def test_a_running_request_is_in_progress(store: SqlStore) -> None:
    await begun(store, *CALL)
    with pytest.raises(InProgress):
        await store.idempotency.claim(*CALL)


@pytest.mark.parametrize("other", [("someone", "key-1"), ("ci", "key-2"), ("ci", "KEY-1")])
async def test_keys_are_each_callers_own(store: SqlStore, other: tuple[str, str]) -> None:
    await store.idempotency.keep(await begun(store, *CALL), ANSWER)
    await begun(store, *other, "e" * 64)


async def test_a_released_key_is_free(store: SqlStore) -> None:
    await store.idempotency.release(await begun(store, *CALL))
    await begun(store, "ci", "key-1", "e" * 64)


async def test_of_many_at_once_one_begins(store: SqlStore, other: SqlStore) -> None:
    """Of two processes alike: the database decides."""
    calls = [each.idempotency.claim(*CALL) for each in (store, other) for _ in range(10)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert len([each for each in found if isinstance(each, Claim)]) == 1
    assert len([each for each in found if isinstance(each, InProgress)]) == 19


async def test_a_dead_process_holds_no_key(store: SqlStore, clock: Any) -> None:
    """And where it was only slow, its late answer is not taken for that of its successor."""
    slow = await begun(store, *CALL)
    clock.forward(RUNNING.total_seconds() - 1)
    with pytest.raises(InProgress):
        await store.idempotency.claim(*CALL)
    clock.forward(1)
    successor = await begun(store, *CALL)
    await store.idempotency.keep(slow, KeptAnswer(500, (), "late"))
    await store.idempotency.release(slow)
    with pytest.raises(InProgress):
        await store.idempotency.claim(*CALL)
    await store.idempotency.keep(successor, ANSWER)
    assert await store.idempotency.claim(*CALL) == ANSWER


async def test_answers_are_kept_for_a_day(store: SqlStore, clock: Any) -> None:
    """Then a key is new, and nothing of it is left."""
    for number in range(5):
        await store.idempotency.keep(await begun(store, "ci", f"old-{number}", "d"), ANSWER)
    clock.forward(RETENTION.total_seconds() - 1)
    assert await store.idempotency.claim("ci", "old-0", "d") == ANSWER
    clock.forward(1)
    await begun(store, "ci", "old-0", "another")
    assert await rows(store) == 1


async def test_a_kept_answer_is_never_replaced(store: SqlStore) -> None:
    claim = await begun(store, *CALL)
    await store.idempotency.keep(claim, ANSWER)
    await store.idempotency.keep(claim, KeptAnswer(500, (), "other"))
    await store.idempotency.release(claim)
    assert await store.idempotency.claim(*CALL) == ANSWER
