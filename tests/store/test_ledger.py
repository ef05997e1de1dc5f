"""What is remembered of writes: applied secrets (C22) and managed periods (C5)."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from imis_sso.domain.ledger import AppliedSecret, ManagedPeriod
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.tables import Moment

pytestmark = pytest.mark.anyio

RESOURCE = "imis/openid-connect"


class Clock(Protocol):
    """The clock of the store."""

    moment: datetime

    def forward(self, seconds: float = 60) -> datetime:
        """Move on."""


async def test_the_last_applied_secret_is_what_is_recorded(store: SqlStore) -> None:
    secrets = store.applied_secrets
    assert await secrets.get("test", RESOURCE) is None
    for applied in (AppliedSecret("a", "v1-1"), AppliedSecret("", "v1-2")):
        await secrets.put("test", RESOURCE, applied)
        assert await secrets.get("test", RESOURCE) == applied
    assert await secrets.get("prod", RESOURCE) is None
    assert await secrets.get("test", "other") is None


async def test_a_record_is_renewed_only_if_it_is_still_the_one(store: SqlStore) -> None:
    """contract C25: a read that renews a version never undoes a write."""
    secrets = store.applied_secrets
    old, new, other = (
        AppliedSecret("a", "v1-1"),
        AppliedSecret("a", "v1-2"),
        AppliedSecret("b", "v1-1"),
    )
    await secrets.replace("test", RESOURCE, old, new)
    assert await secrets.get("test", RESOURCE) is None
    await secrets.put("test", RESOURCE, old)
    await secrets.put("prod", RESOURCE, old)
    await secrets.replace("test", RESOURCE, other, new)
    assert await secrets.get("test", RESOURCE) == old
    await secrets.replace("test", RESOURCE, old, new)
    assert await secrets.get("test", RESOURCE) == new
    assert await secrets.get("prod", RESOURCE) == old


async def test_a_forgotten_secret_is_forgotten_alone(store: SqlStore) -> None:
    secrets = store.applied_secrets
    for environment in ("test", "prod"):
        await secrets.put(environment, RESOURCE, AppliedSecret("a", environment))
    await secrets.delete("test", RESOURCE)
    await secrets.delete("test", RESOURCE)
    assert await secrets.get("test", RESOURCE) is None
    assert await secrets.get("prod", RESOURCE) == AppliedSecret("a", "prod")


async def test_a_resource_that_was_never_written_has_no_period(store: SqlStore) -> None:
    assert await store.managed.current("test", RESOURCE) is None
    assert await store.managed.last("test", RESOURCE) is None
    await store.managed.end("test", RESOURCE)
    assert await store.managed.last("test", RESOURCE) is None


async def test_the_life_of_a_period(store: SqlStore, clock: Clock) -> None:
    """Contract C5: DELETE ends the period, the next write starts a new one."""
    managed, started = store.managed, clock.moment
    await managed.wrote("test", RESOURCE, "ci")
    second = clock.forward()
    await managed.wrote("test", RESOURCE, "anna")
    period = ManagedPeriod("test", RESOURCE, started, second, "anna")
    assert await managed.current("test", RESOURCE) == period

    ended = clock.forward()
    await managed.end("test", RESOURCE)
    clock.forward()
    await managed.end("test", RESOURCE)
    assert await managed.current("test", RESOURCE) is None
    last = await managed.last("test", RESOURCE)
    assert last == ManagedPeriod("test", RESOURCE, started, second, "anna", ended)

    again = clock.forward()
    await managed.wrote("test", RESOURCE, "ci")
    fresh = ManagedPeriod("test", RESOURCE, again, again, "ci")
    assert await managed.current("test", RESOURCE) == fresh


async def test_ten_first_writes_at_once_make_one_period(store: SqlStore, clock: Clock) -> None:
    """Contract C32: Terraform sends ten requests at once."""
    await asyncio.gather(*(store.managed.wrote("test", f"r{n % 2}", f"w{n}") for n in range(10)))
    for resource in ("r0", "r1"):
        period = await store.managed.current("test", resource)
        assert period is not None
        assert period.started_at == clock.moment


def test_times_are_utc_text_of_one_width() -> None:
    moment, dialect = Moment(), SQLiteDialect()
    summer = datetime(2025, 7, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    stored = moment.process_bind_param(summer, dialect)
    assert stored == "2025-07-01T12:00:00.000000Z"
    assert moment.process_result_value(stored, dialect) == summer
    assert moment.process_bind_param(None, dialect) is None
    assert moment.process_result_value(None, dialect) is None
    with pytest.raises(ValueError, match="without zone"):
        moment.process_bind_param(summer.replace(tzinfo=None), dialect)


STEPS = st.lists(
    st.tuples(st.sampled_from(["wrote", "end"]), st.sampled_from("ab"), st.sampled_from("xy")),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_any_order_of_writes_and_ends(steps: list[tuple[str, str, str]]) -> None:
    """Against a model: a period lasts from the first write after an end to the next end."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_compare_with_model(Path(folder), steps))


class _Ticking:
    """A clock that a test moves on by itself."""

    moment = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


async def _compare_with_model(folder: Path, steps: list[tuple[str, str, str]]) -> None:
    clock = _Ticking()
    store = await open_store(folder, clock)
    model: dict[str, ManagedPeriod] = {}
    try:
        for step, resource, who in steps:
            clock.moment += timedelta(microseconds=1)
            before = model.get(resource)
            if step == "wrote":
                await store.managed.wrote("test", resource, who)
                model[resource] = _written(before, resource, who, clock.moment)
            else:
                await store.managed.end("test", resource)
                if before and before.lasts:
                    model[resource] = replace(before, ended_at=clock.moment)
            assert await store.managed.last("test", resource) == model.get(resource)
    finally:
        await store.aclose()


def _written(
    before: ManagedPeriod | None, resource: str, who: str, moment: datetime
) -> ManagedPeriod:
    started = before.started_at if before and before.lasts else moment
    return ManagedPeriod("test", resource, started, moment, who)
