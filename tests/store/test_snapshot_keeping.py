"""How states become snapshots in the database (contract section 7)."""

from __future__ import annotations

from typing import Any

import pytest

from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.domain.snapshots import Cause, State
from imis_sso.store.engine import SqlStore

PAGE, MODE = OPENID_CONNECT.path, OIDC_AUTHENTICATION.path


def state(values: dict[str, Any], cause: Cause = Cause.WRITTEN, path: str = PAGE) -> State:
    """Make a state of a document."""
    return State(path, values, cause)


async def kept(store: SqlStore, *states: State, environment: str = "test") -> tuple[str, ...]:
    """Keep states with one line of the trail."""
    return await store.trail.append(Entry(environment, Kind.OUTCOME, "ci", PAGE), states)


async def test_a_snapshot_has_the_last_known_state_of_every_document(store: SqlStore) -> None:
    await kept(store, state({"name": "a"}))
    (name,) = await kept(store, state({"mode": "test_mode"}, path=MODE))
    snapshot = await store.history.snapshot("test", name)
    assert snapshot is not None
    assert snapshot.documents == {PAGE: {"name": "a"}, MODE: {"mode": "test_mode"}}
    assert await store.history.latest("test") == snapshot
    assert await store.history.snapshot("prod", name) is None
    assert await store.history.latest("prod") is None


async def test_what_is_found_unchanged_is_no_news_and_what_is_written_always_is(
    store: SqlStore,
) -> None:
    first = await kept(store, state({"name": "a"}, Cause.FOUND))
    assert await kept(store, state({"name": "a"}, Cause.FOUND)) == first
    assert await kept(store, state({"name": "a"})) == first
    moments = await store.history.moments("test")
    assert [(each.cause, each.seq) for each in moments] == [(Cause.WRITTEN, 3), (Cause.FOUND, 1)]


async def test_a_state_that_comes_back_is_the_same_snapshot(store: SqlStore) -> None:
    names = [(await kept(store, state({"name": each})))[0] for each in ("a", "b", "a")]
    assert names[0] == names[2] != names[1]
    moments = await store.history.moments("test")
    assert [each.snapshot for each in moments] == names[::-1]


async def test_several_states_of_one_line(store: SqlStore) -> None:
    names = await kept(store, state({"name": "a"}), state({"mode": "disabled"}, path=MODE))
    assert len(set(names)) == 2
    moments = await store.history.moments("test")
    assert [(each.resource, each.seq) for each in moments] == [(MODE, 1), (PAGE, 1)]


async def test_pages_of_moments(store: SqlStore) -> None:
    for number in range(5):
        await kept(store, state({"name": str(number)}))
        await kept(store, state({"name": str(number)}), environment="prod")
    first = await store.history.moments("test", limit=3)
    rest = await store.history.moments("test", before=first[-1].number, limit=3)
    assert [each.seq for each in (*first, *rest)] == [5, 4, 3, 2, 1]
    assert {each.environment for each in (*first, *rest)} == {"test"}


@pytest.mark.parametrize(
    ("resource", "causes", "seq"),
    [(PAGE, [Cause.FOUND], 1), (PAGE, [Cause.WRITTEN, Cause.FOUND], 3), (MODE, [Cause.WRITTEN], 2)],
)
async def test_the_last_moment_of_a_document(
    store: SqlStore, resource: str, causes: list[Cause], seq: int
) -> None:
    await kept(store, state({"name": "a"}, Cause.FOUND))
    await kept(store, state({"mode": "disabled"}, path=MODE))
    await kept(store, state({"name": "b"}))
    found = await store.history.last("test", resource, causes)
    assert found is not None
    assert found.seq == seq
    assert await store.history.last("test", resource, [Cause.SETTLED]) is None
