"""What the history keeps, finds and drops (contract section 7, targets R9)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.intents import Intent
from imis_sso.domain.snapshots import OURS, Cause, State
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.retention import ALWAYS, Retention
from imis_sso.store.tables import SNAPSHOTS

pytestmark = pytest.mark.anyio
ENV, PAGE, MODE = "test", "imis/openid-connect", "imis/oidc-authentication"


@pytest.fixture
async def brief(tmp_path: Path, clock: Any) -> AsyncIterator[SqlStore]:
    """Give a store that keeps as little as it may, and looks at every call."""
    policy = Retention(keep=ALWAYS, days=30, every=1)
    opened = await open_store(tmp_path / "brief", clock, retention=policy)
    yield opened
    await opened.aclose()


def state(value: object, resource: str = PAGE, cause: Cause = Cause.WRITTEN) -> State:
    return State(resource, {"value": str(value)}, cause)


async def keep(store: SqlStore, *states: State, environment: str = ENV) -> tuple[str, ...]:
    return await store.trail.append(Entry(environment, Kind.OUTCOME, "ci"), states)


async def numbers(store: SqlStore, environment: str = ENV) -> list[int]:
    found = await store.history.moments(environment, limit=10_000)
    return [each.number for each in found]


async def kept(store: SqlStore) -> int:
    async with store.database.connect() as connection:
        count = await connection.execute(select(func.count()).select_from(SNAPSHOTS))
        return int(count.scalar_one())


async def test_equal_states_share_a_snapshot(store: SqlStore) -> None:
    for value in "abab":
        await keep(store, state(value))
    assert len(await numbers(store)) == 4
    assert await kept(store) == 2


async def test_an_entry_by_number_is_its_environments_own(store: SqlStore) -> None:
    await keep(store, state("a"))
    await keep(store, state("b"), environment="other")
    (mine,), (other,) = await numbers(store), await numbers(store, "other")
    found = await store.history.moment(ENV, mine)
    assert found is not None
    assert found.resource == PAGE
    assert await store.history.moment(ENV, other) is None


async def test_ids_by_their_beginning(store: SqlStore) -> None:
    (name,) = await keep(store, state("a"))
    await keep(store, state("a"), environment="other")
    assert await store.history.beginning(ENV, name[:6]) == [name]
    assert await store.history.beginning(ENV, name[:-1] + "%") == []
    assert await store.history.beginning(ENV, "______") == []
    for value in range(40):
        await keep(store, state(value))
    assert len(await store.history.beginning(ENV, "")) == 2


async def test_the_newest_are_kept_and_the_rest_goes(brief: SqlStore) -> None:
    for value in range(ALWAYS + 20):
        await keep(brief, state(value))
    before = await numbers(brief)
    await brief.history.prune(ENV)
    assert await numbers(brief) == before[:ALWAYS]
    assert await kept(brief) == ALWAYS
    latest = await brief.history.latest(ENV)
    assert latest is not None
    assert latest.documents[PAGE] == {"value": str(ALWAYS + 19)}


async def test_fewer_than_the_last_fifty_are_kept_however_old(brief: SqlStore, clock: Any) -> None:
    """targets R9."""
    for value in range(ALWAYS):
        await keep(brief, state(value))
    clock.forward(timedelta(days=4000).total_seconds())
    await brief.history.prune(ENV)
    assert len(await numbers(brief)) == ALWAYS


async def test_age_counts_beyond_the_last_fifty(tmp_path: Path, clock: Any) -> None:
    policy = Retention(keep=1000, days=30, every=1)
    store = await open_store(tmp_path / "aged", clock, retention=policy)
    for value in range(10):
        await keep(store, state(value))
    clock.forward(timedelta(days=31).total_seconds())
    for value in range(10, ALWAYS + 15):
        await keep(store, state(value))
    await store.history.prune(ENV)
    assert len(await numbers(store)) == ALWAYS + 5
    await store.aclose()


async def test_what_a_period_or_an_intent_goes_back_to_is_never_dropped(
    brief: SqlStore, clock: Any
) -> None:
    (found,) = await keep(brief, state("found", cause=Cause.FOUND))
    await brief.managed.wrote(ENV, PAGE, "ci", found)
    intent = Intent(
        "w1", ENV, "imis", PAGE, clock(), "ci", {"value": "a"}, {"value": "b"}, existed=True
    )
    opened = await brief.trail.open(
        Entry(ENV, Kind.INTENT, "ci", PAGE, "w1"), intent, (state("opened", cause=Cause.FOUND),)
    )
    for value in range(ALWAYS + 20):
        await keep(brief, state(value))
    await brief.history.prune(ENV)
    for name in (found, opened):
        assert await brief.history.snapshot(ENV, name) is not None
    assert await kept(brief) == ALWAYS + 2


@pytest.mark.parametrize("cause", OURS)
async def test_a_documents_last_state_of_ours_is_never_dropped(
    brief: SqlStore, cause: Cause
) -> None:
    """What `repair` goes back to, also where it was written long ago."""
    await keep(brief, state("older", MODE, cause))
    await keep(brief, state("ours", MODE, cause))
    for value in range(ALWAYS + 20):
        await keep(brief, state(value))
    await brief.history.prune(ENV)
    last = await brief.history.last(ENV, MODE, OURS)
    assert last is not None
    snapshot = await brief.history.snapshot(ENV, last.snapshot)
    assert snapshot is not None
    assert snapshot.documents[MODE] == {"value": "ours"}
    assert len(await numbers(brief)) == ALWAYS + 1


async def test_other_environments_are_left_alone(brief: SqlStore) -> None:
    for value in range(ALWAYS + 20):
        await keep(brief, state(value))
        await keep(brief, state(value), environment="other")
    await brief.history.prune(ENV)
    assert len(await numbers(brief, "other")) == ALWAYS + 20
    names = [each.snapshot for each in await brief.history.moments("other", limit=500)]
    assert all([await brief.history.snapshot("other", each) for each in names])


async def test_it_is_looked_at_now_and_then(tmp_path: Path, clock: Any) -> None:
    policy = Retention(keep=ALWAYS, every=3)
    store = await open_store(tmp_path / "lazy", clock, retention=policy)
    sizes = []
    for value in range(ALWAYS + 6):
        await keep(store, state(value))
        await store.history.prune(ENV)
        sizes.append(len(await numbers(store)))
    assert max(sizes) == ALWAYS + 2
    assert max(sizes[::3]) == ALWAYS
    await store.aclose()
