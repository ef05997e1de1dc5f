"""Writers beside each other, preconditions and time on the one write path (contract C32-C34)."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import pytest
from pair_bench import BUILT_IN, REF, TIGHT, VERSION, PairBench, raising

from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    Busy,
    UpstreamChanged,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
)
from imis_sso.services.deadline import Deadline
from imis_sso.services.pair import Pair

pytestmark = pytest.mark.anyio


async def test_a_mode_and_its_settings_written_at_once_lose_nothing(bench: PairBench) -> None:
    """contract C32; auth0 provider PR #425: parallel applies overwrote each other."""
    orders = [
        bench.put(OPENID_CONNECT, {"name": "n"}),
        bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"}),
        bench.put(OPENID_CONNECT, {"set_login_hint": False}),
        bench.put(OPENID_CONNECT, {"client_id": "c"}),
    ]
    outcomes = await asyncio.gather(*orders)
    assert [each.writes for each in outcomes] == [1, 1, 1, 1]
    values = bench.imis.product.values
    changed = (values["name"], values["mode"], values["set_login_hint"], values["client_id"])
    assert changed == ("n", "test_mode", False, "c")


# --- somebody changes the product between our two looks (section 7) ------------------------------


@pytest.fixture
def pushing(bench: PairBench) -> dict[str, Any]:
    """Give a declaration that has the product read twice before the write."""
    bench.source("a", "secret-a")
    return {REF: "a", VERSION: bench.version("secret-a"), "set_login_hint": False}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("set_login_hint", False),
        ("client_id", "critical"),
        ("user_authentication.claim_value", "critical"),
        ("type", "other"),
    ],
)
async def test_a_declared_or_critical_field_that_moved_stops_the_write(
    bench: PairBench, pushing: dict[str, Any], field: str, value: Any
) -> None:
    """contract section 7: 409 upstream-changed."""
    bench.imis.before["read", 2] = lambda: bench.imis.product.values.update({field: value})
    with pytest.raises(UpstreamChanged, match=field):
        await bench.put(OPENID_CONNECT, pushing)
    assert bench.imis.calls == ["read", "read"]


async def test_a_declared_field_that_was_not_to_change_stops_it_too(
    bench: PairBench, pushing: dict[str, Any]
) -> None:
    bench.imis.before["read", 2] = lambda: bench.imis.product.values.update(name="by hand")
    with pytest.raises(UpstreamChanged, match="name"):
        await bench.put(OPENID_CONNECT, pushing | {"name": "Cloud SSO"})
    assert bench.imis.count("write") == 0


async def test_another_field_that_moved_is_kept(bench: PairBench, pushing: dict[str, Any]) -> None:
    """targets R5: a human's edit before the read is kept."""
    by_hand = {"name": "by hand", "email_body": "by hand", "RoleMappingKey": "by hand"}
    bench.imis.before["read", 2] = lambda: bench.imis.product.values.update(by_hand)
    outcome = await bench.put(OPENID_CONNECT, pushing)
    values = bench.imis.product.values
    assert {key: values[key] for key in by_hand} == by_hand
    assert values["set_login_hint"] is False
    assert outcome.reading.document.values()["name"] == "by hand"
    assert bench.imis.product.secret == "secret-a"
    assert set(bench.imis.changes[0].values) == {"set_login_hint"}


async def test_a_secret_that_moved_stops_the_write(
    bench: PairBench, pushing: dict[str, Any]
) -> None:
    def by_hand() -> None:
        bench.imis.product.secret = "by hand"

    bench.imis.before["read", 2] = by_hand
    with pytest.raises(UpstreamChanged, match=VERSION):
        await bench.put(OPENID_CONNECT, pushing)
    assert bench.imis.product.secret == "by hand"


@pytest.mark.parametrize("exists", [True, False])
async def test_a_record_that_came_or_went_stops_the_write(
    bench: PairBench, pushing: dict[str, Any], exists: bool
) -> None:
    bench.imis.product.exists = exists
    bench.imis.product.secret = ""
    bench.imis.product.values = dict(OPENID_CONNECT.document.defaults()) | {"mode": "disabled"}

    def flip() -> None:
        bench.imis.product.exists = not exists

    bench.imis.before["read", 2] = flip
    with pytest.raises(UpstreamChanged, match="the record"):
        await bench.put(OPENID_CONNECT, pushing)
    assert bench.imis.count("write") == 0


# --- time (C33) ----------------------------------------------------------------------------------


async def sleeping() -> None:
    await asyncio.sleep(30)


async def test_a_request_that_arrives_too_late_touches_nothing(bench: PairBench) -> None:
    with pytest.raises(Busy, match="nothing was written"):
        await bench.put(OPENID_CONNECT, {"name": "n"}, deadline=Deadline(0.1))
    assert bench.imis.calls == []


async def test_a_slow_read_leaves_no_room_for_the_write(bench: PairBench) -> None:
    """contract C33: 503 busy with nothing written."""
    bench.imis.before["read", 1] = sleeping
    with pytest.raises(Busy, match="too slowly"):
        await bench.put(OPENID_CONNECT, {"name": "n"}, deadline=Deadline(TIGHT))
    assert bench.imis.calls == ["read"]


async def test_a_slow_secret_leaves_no_room_either(
    bench: PairBench, pushing: dict[str, Any]
) -> None:
    bench.cloud.before["read", 1] = sleeping
    declared = pushing | {REF: BUILT_IN, VERSION: bench.version("cloud"), "name": "n"}
    bench.imis.product.secret = "other"
    with pytest.raises(Busy):
        await bench.put(OPENID_CONNECT, declared, deadline=Deadline(TIGHT))
    assert bench.imis.count("write") == 0


async def test_room_is_looked_at_once_more_before_the_write(bench: PairBench) -> None:
    """contract C33: before the product is touched."""

    def wider() -> None:
        bench.imis.write_seconds = 60.0

    bench.imis.before["read", 1] = wider
    with pytest.raises(Busy):
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert bench.imis.calls == ["read"]


async def test_room_is_looked_at_when_the_turn_comes(bench: PairBench) -> None:
    async with bench.pair.half(OPENID_CONNECT).turn(Deadline(20)):
        waiting = asyncio.create_task(bench.put(OPENID_CONNECT, {"name": "n"}))
        await asyncio.sleep(0)
        bench.imis.write_seconds = 60.0
    with pytest.raises(Busy):
        await waiting
    gc.collect()
    assert bench.imis.calls == []


async def test_a_write_without_an_answer_in_time_is_not_guessed(bench: PairBench) -> None:
    """contract section 4: 504; it may have been taken."""
    bench.imis.before["write", 1] = sleeping
    with pytest.raises(UpstreamTimeout, match="not known whether the write was taken") as caught:
        await bench.put(OPENID_CONNECT, {"name": "n"}, deadline=Deadline(TIGHT))
    assert caught.value.upstream_writes == 1


async def test_a_read_back_without_an_answer_in_time_is_not_guessed(bench: PairBench) -> None:
    bench.imis.before["read", 2] = sleeping
    with pytest.raises(UpstreamTimeout, match="read the document before trying again"):
        await bench.put(OPENID_CONNECT, {"name": "n"}, deadline=Deadline(TIGHT))
    assert bench.imis.product.values["name"] == "n"


async def test_the_queue_goes_on_after_every_failure(bench: PairBench) -> None:
    """contract C32."""
    bench.imis.before["read", 1] = raising(UpstreamUnavailable("down"))
    bench.imis.before["write", 1] = raising(UpstreamUnavailable("down"))
    for _ in range(2):
        with pytest.raises(UpstreamUnavailable):
            await bench.put(OPENID_CONNECT, {"name": "n"})
    assert (await bench.put(OPENID_CONNECT, {"name": "n"})).writes == 1


async def test_writers_behind_a_slow_one_are_told_to_come_back(bench: PairBench) -> None:
    """contract C32, C33."""
    go = asyncio.Event()

    async def waiting() -> None:
        await go.wait()

    bench.imis.before["write", 1] = waiting
    first = asyncio.create_task(bench.put(OPENID_CONNECT, {"name": "n"}))
    await asyncio.sleep(0.01)
    with pytest.raises(Busy):
        await bench.put(OPENID_CONNECT, {"name": "m"}, deadline=Deadline(0.5))
    go.set()
    assert (await first).writes == 1
    assert bench.imis.product.values["name"] == "n"


async def test_readers_are_not_held_up_by_a_write(bench: PairBench) -> None:
    """contract C3: a GET during a write is a live read of its own."""
    seen: list[Any] = []

    async def look(change: Change, base: Observed) -> None:
        seen.append((await bench.get()).document.values()["name"])
        bench.imis.take(change, base)

    bench.imis.writing = look
    await bench.put(OPENID_CONNECT, {"name": "n"})
    assert seen == ["Cloud SSO"]


# --- what is remembered, and what is not said ---------------------------------------------------


async def test_a_write_begins_a_managed_period_and_says_who(bench: PairBench) -> None:
    """contract C5."""
    await bench.put(OPENID_CONNECT, {"name": "n"}, who="pipeline")
    period = await bench.store.managed.current(bench.environment, OPENID_CONNECT.path)
    assert period is not None
    assert period.last_writer == "pipeline"
    assert not await bench.managed(OIDC_AUTHENTICATION)


async def test_declaring_what_is_there_already_manages_it(bench: PairBench) -> None:
    """contract C5, R3: an import's no-op update."""
    await bench.put(OPENID_CONNECT, {}, who="first")
    await bench.put(OPENID_CONNECT, {}, who="second")
    period = await bench.store.managed.current(bench.environment, OPENID_CONNECT.path)
    assert period is not None
    assert period.last_writer == "first"


async def test_neither_a_dry_run_nor_a_failure_manages_anything(bench: PairBench) -> None:
    """contract C15."""
    await bench.put(OPENID_CONNECT, {"name": "n"}, dry_run=True)
    await bench.put(OPENID_CONNECT, {}, dry_run=True)
    bench.imis.before["write", 1] = raising(UpstreamUnavailable("down"))
    with pytest.raises(UpstreamUnavailable):
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert not await bench.managed(OPENID_CONNECT)


async def test_a_dry_run_shows_the_document_as_it_would_be(bench: PairBench) -> None:
    """contract C15: then the write makes it so."""
    declared = {"name": "n", "user_authentication": {"claim_value": "2"}}
    dry = await bench.put(OPENID_CONNECT, declared, dry_run=True)
    assert (dry.writes, bench.imis.calls) == (0, ["read"])
    real = await bench.put(OPENID_CONNECT, declared)
    assert dry.reading.document == real.reading.document
    assert dry.reading.etag == real.reading.etag
    assert dry.changes == real.changes


async def test_the_log_names_fields_and_callers_never_values(
    bench: PairBench, caplog: pytest.LogCaptureFixture
) -> None:
    """contract C20."""
    bench.source("a", "canary-secret")
    declared = {REF: "a", VERSION: bench.version("canary-secret"), "name": "canary-name"}
    with caplog.at_level(logging.DEBUG, "imis_sso"):
        await bench.put(OPENID_CONNECT, declared)
        await bench.put(OPENID_CONNECT, {}, inline="canary-inline")
    assert "fields=name" in caplog.text
    assert "fields=client_secret" in caplog.text
    assert "by=ci" in caplog.text
    assert "canary" not in caplog.text


async def test_each_half_is_written_by_its_own_connector(bench: PairBench) -> None:
    pair: Pair = bench.pair
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    assert bench.cloud.calls == ["read", "write", "read"]
    assert bench.imis.count("write") == 0
    assert pair.half(IMIS_SSO_SETTINGS).title == "Cloud SSO"
