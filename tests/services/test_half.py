"""Shared reads and the queue of one product (contract C3, C32, C33)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import pytest
from pair_bench import MemoryConnector, PairBench, raising

from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import Busy, UpstreamTimeout, UpstreamUnavailable
from imis_sso.domain.resources import (
    IMIS_CLIENT,
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
)
from imis_sso.services import half as half_module
from imis_sso.services.deadline import Deadline
from imis_sso.services.half import Half

pytestmark = pytest.mark.anyio


@pytest.fixture
def imis(bench: PairBench) -> Half:
    return bench.pair.half(OPENID_CONNECT)


def held(connector: MemoryConnector, number: int = 1) -> tuple[asyncio.Event, asyncio.Event]:
    """Hold a read back: give the event that it began and the event that lets it go."""
    begun, go = asyncio.Event(), asyncio.Event()

    async def hook() -> None:
        begun.set()
        await go.wait()

    connector.before["read", number] = hook
    return begun, go


async def test_ten_concurrent_readers_share_one_read(bench: PairBench, imis: Half) -> None:
    """contract C3, targets R4."""
    begun, go = held(bench.imis)
    resources = [OPENID_CONNECT, OIDC_AUTHENTICATION] * 5
    readers = [asyncio.create_task(imis.observe(each)) for each in resources]
    await begun.wait()
    go.set()
    seen = await asyncio.gather(*readers)
    assert bench.imis.calls == ["read"]
    assert all(each is seen[0] for each in seen)


async def test_nothing_is_kept_after_a_read(bench: PairBench, imis: Half) -> None:
    """contract C3: nothing stale is served."""
    await imis.observe(OPENID_CONNECT)
    bench.imis.product.values["name"] = "changed by hand"
    assert (await imis.observe(OPENID_CONNECT)).values["name"] == "changed by hand"
    assert bench.imis.calls == ["read", "read"]


async def test_the_two_products_are_read_apart(bench: PairBench) -> None:
    begun, go = held(bench.imis)
    waiting = asyncio.create_task(bench.pair.half(OPENID_CONNECT).observe(OPENID_CONNECT))
    await begun.wait()
    shown = await bench.pair.half(IMIS_CLIENT).observe(IMIS_CLIENT)
    assert shown.values["client_id"] == "3f1c"
    go.set()
    await waiting


async def test_a_read_begun_before_a_write_is_not_shared_after_it(
    bench: PairBench, imis: Half
) -> None:
    """contract C3: started after our last write."""
    begun, go = held(bench.imis)
    early = asyncio.create_task(imis.observe(OPENID_CONNECT))
    await begun.wait()
    base = bench.imis.product.show()
    await imis.write(OPENID_CONNECT, Change({"name": "written"}), base)
    late = await imis.observe(OPENID_CONNECT)
    assert late.values["name"] == "written"
    assert not early.done()
    go.set()
    await early
    assert bench.imis.calls == ["read", "write", "read"]


async def test_a_read_begun_during_a_write_is_not_shared_after_it(
    bench: PairBench, imis: Half
) -> None:
    begun, go = held(bench.imis)
    during: list[asyncio.Task[Observed]] = []

    async def writing(_change: Change, _base: Observed) -> None:
        during.append(asyncio.create_task(imis.observe(OPENID_CONNECT)))
        await begun.wait()
        raise UpstreamUnavailable("gone")

    bench.imis.writing = writing
    with pytest.raises(UpstreamUnavailable):
        await imis.write(OPENID_CONNECT, Change({"name": "x"}), bench.imis.product.show())
    await imis.observe(OPENID_CONNECT)
    assert bench.imis.count("read") == 2
    go.set()
    await during[0]


async def test_a_fresh_read_never_joins_one_under_way_and_may_be_joined(
    bench: PairBench, imis: Half
) -> None:
    first_begun, first_go = held(bench.imis, 1)
    second_begun, second_go = held(bench.imis, 2)
    first = asyncio.create_task(imis.observe(OPENID_CONNECT))
    await first_begun.wait()
    fresh = asyncio.create_task(imis.observe_afresh(OPENID_CONNECT))
    await second_begun.wait()
    first_go.set()
    await first
    joining = asyncio.create_task(imis.observe(OPENID_CONNECT))
    await asyncio.sleep(0)
    second_go.set()
    assert (await joining) is (await fresh)
    assert bench.imis.count("read") == 2


async def test_a_failure_reaches_every_reader(bench: PairBench, imis: Half) -> None:
    begun, go = held(bench.imis)
    readers = [asyncio.create_task(imis.observe(OPENID_CONNECT)) for _ in range(3)]
    await begun.wait()
    bench.imis.product.show = raising(UpstreamUnavailable("down"))  # type: ignore[method-assign]
    go.set()
    results = await asyncio.gather(*readers, return_exceptions=True)
    assert [type(each) for each in results] == [UpstreamUnavailable] * 3
    assert bench.imis.calls == ["read"]
    with pytest.raises(UpstreamUnavailable):
        await imis.observe(OPENID_CONNECT)
    assert bench.imis.calls == ["read", "read"]


async def test_a_reader_who_goes_away_takes_nobody_along(bench: PairBench, imis: Half) -> None:
    begun, go = held(bench.imis)
    leaving, staying = (asyncio.create_task(imis.observe(OPENID_CONNECT)) for _ in range(2))
    await begun.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    go.set()
    assert (await staying).values["client_id"] == "3f1c"


async def test_a_failure_that_nobody_waits_for_is_no_noise(
    bench: PairBench, imis: Half, caplog: pytest.LogCaptureFixture
) -> None:
    begun, go = held(bench.imis)
    bench.imis.product.show = raising(UpstreamUnavailable("down"))  # type: ignore[method-assign]
    leaving = asyncio.create_task(imis.observe(OPENID_CONNECT))
    await begun.wait()
    leaving.cancel()
    go.set()
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert leaving.cancelled()
    assert "never retrieved" not in caplog.text


async def test_a_read_that_takes_too_long_ends(
    bench: PairBench, imis: Half, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C33, section 4: 504."""
    monkeypatch.setattr(half_module, "READ_SECONDS", 0.05)
    held(bench.imis)
    with pytest.raises(UpstreamTimeout, match="iMIS did not answer"):
        await imis.observe(OPENID_CONNECT)


async def test_a_connector_that_is_ended_from_within_does_not_hang(
    bench: PairBench, imis: Half
) -> None:
    bench.imis.before["read", 1] = raising(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await imis.observe(OPENID_CONNECT)
    assert (await imis.observe(OPENID_CONNECT)).exists


async def test_turns_are_taken_in_the_order_of_arrival(imis: Half) -> None:
    """contract C32: one write at a time, queued."""
    order: list[int] = []
    inside = 0

    async def turn(number: int) -> None:
        nonlocal inside
        async with imis.turn(Deadline(5)):
            inside += 1
            assert inside == 1
            order.append(number)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(turn(number) for number in range(10)))
    assert order == list(range(10))


async def test_products_have_queues_of_their_own(bench: PairBench, imis: Half) -> None:
    """contract C32: per product and environment."""
    async with imis.turn(Deadline(5)), bench.pair.half(IMIS_SSO_SETTINGS).turn(Deadline(5)):
        assert bench.imis.calls == []


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2])
async def test_a_deadline_without_room_for_the_write_is_refused_at_once(
    bench: PairBench, imis: Half, seconds: float
) -> None:
    """contract C33: 503 busy with nothing written."""
    assert bench.imis.write_seconds == 0.2
    with pytest.raises(Busy, match="nothing was written"):
        async with imis.turn(Deadline(seconds)):
            pytest.fail("there was room")


async def test_a_turn_that_does_not_come_in_time_is_refused_and_the_queue_goes_on(
    imis: Half,
) -> None:
    """contract C33."""
    async with imis.turn(Deadline(5)):
        with pytest.raises(Busy, match="Other writes to iMIS are ahead"):
            async with imis.turn(Deadline(0.6)):
                pytest.fail("two at a time")
    async with imis.turn(Deadline(5)):
        pass
    with pytest.raises(UpstreamTimeout):
        async with imis.turn(Deadline(5)):
            raise UpstreamTimeout("inside")
    async with imis.turn(Deadline(5)):
        assert imis.title == "iMIS"


async def test_a_waiter_who_goes_away_leaves_the_queue(imis: Half) -> None:
    reached: list[str] = []

    async def waiter(name: str) -> None:
        async with imis.turn(Deadline(5)):
            reached.append(name)

    async with imis.turn(Deadline(5)):
        leaving, staying = (asyncio.create_task(waiter(name)) for name in ("leaving", "staying"))
        await asyncio.sleep(0)
        leaving.cancel()
    await staying
    assert reached == ["staying"]


async def test_reach_is_told_with_the_connector_that_can(bench: PairBench, imis: Half) -> None:
    """contract 1.1."""
    record = OPENID_CONNECT.record
    bench.imis.reach = type(bench.imis.reach)(
        {record.name: bench.imis.reach.fields[record.name] - {"email_body"}}
    )
    assert imis.unreachable(OPENID_CONNECT) == ("email_body",)
    sentence = imis.reach_refusals(OPENID_CONNECT)["email_body"]
    assert "memory" in sentence
    assert record.reached_by in sentence
    assert imis.reach_refusals(OIDC_AUTHENTICATION) == {}


async def test_closing_a_pair_closes_both_connectors(bench: PairBench) -> None:
    await bench.pair.aclose()
    assert bench.imis.closed
    assert bench.cloud.closed


@pytest.mark.parametrize(
    ("make", "low", "high"),
    [
        (lambda: Deadline(10), 9, 10),
        (lambda: Deadline(10, arrived=0.0), 0, 0),
        (lambda: Deadline(-1), 0, 0),
    ],
)
async def test_what_remains_is_never_negative(
    make: Callable[[], Deadline], low: float, high: float
) -> None:
    """contract C33: counted from arrival."""
    assert low <= make().remaining() <= high


async def test_room_before_the_last_seconds() -> None:
    assert 5 < Deadline(10).room_before(4) <= 6
    with pytest.raises(Busy) as caught:
        Deadline(10).room_before(10)
    assert caught.value.retry_after == 5
