"""What is answered when a write fails, is lost, or does not hold (contract C33, product facts 3.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pair_bench import TIGHT, PairBench, Shows, raising

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    Problem,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.services.deadline import Deadline

pytestmark = pytest.mark.anyio
REF, VERSION = "client_secret_ref", "client_secret_version"
NOT_TAKEN = "holds the old values: nothing was written"
UNKNOWN = "not known whether the write was taken"
HIDING: tuple[Shows, ...] = ("masked", "absent")


def lost() -> WriteUncertain:
    return WriteUncertain(UpstreamError("The answer was lost."))


@pytest.fixture
def bench(bench: PairBench) -> PairBench:
    bench.source("a", "secret-a")
    return bench


def push(bench: PairBench) -> dict[str, str]:
    return {REF: "a", VERSION: bench.version("secret-a")}


def losing(bench: PairBench, taken: Callable[[Change, Observed], None] | None) -> None:
    """Have the next write lose its answer after the product did something with it."""

    def writing(change: Change, base: Observed) -> None:
        if taken is not None:
            taken(change, base)
        raise lost()

    bench.imis.writing = writing


# --- a write whose answer is lost -------------------------------------------------------------


async def test_lost_but_taken_is_a_success(bench: PairBench) -> None:
    """product facts 3.5: read back before anything else; never send it again blindly."""
    losing(bench, bench.imis.take)
    outcome = await bench.put(OPENID_CONNECT, {"name": "n"} | push(bench))
    assert (outcome.writes, bench.imis.count("write")) == (1, 1)
    assert outcome.reading.document.values()["name"] == "n"
    assert await bench.shown() == ("a", bench.version("secret-a"))
    assert await bench.managed(OPENID_CONNECT)


async def test_lost_and_not_taken_says_that_nothing_was_written(bench: PairBench) -> None:
    losing(bench, None)
    with pytest.raises(UpstreamError, match=NOT_TAKEN) as caught:
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert caught.value.detail.startswith("The answer was lost.")
    assert caught.value.upstream_writes == 0
    assert bench.imis.calls == ["read", "write", "read"]
    assert not await bench.managed(OPENID_CONNECT)


async def test_too_slow_and_not_taken_yet_is_not_guessed(bench: PairBench) -> None:
    """targets R6: a product that did not answer in time may still be at it."""
    bench.imis.writing = raising(WriteUncertain(UpstreamTimeout("Too slow.")))
    with pytest.raises(UpstreamTimeout, match=UNKNOWN) as caught:
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert caught.value.upstream_writes == 1
    assert bench.imis.count("write") == 1
    assert [each.resource for each in await bench.pair.journal.trail.intents(bench.environment)]


async def test_lost_and_half_taken_is_not_guessed(bench: PairBench) -> None:
    """targets R6: nothing half-written is left unreported."""
    losing(bench, lambda *_: bench.imis.product.values.update(name="n"))
    with pytest.raises(UpstreamError, match=UNKNOWN) as caught:
        await bench.put(OPENID_CONNECT, {"name": "n", "client_id": "c"})
    assert caught.value.upstream_writes == 1
    assert bench.imis.count("write") == 1


async def test_lost_and_changed_by_somebody_else_is_not_guessed(bench: PairBench) -> None:
    losing(bench, lambda *_: bench.imis.product.values.update(name="by hand"))
    with pytest.raises(UpstreamError, match=UNKNOWN):
        await bench.put(OPENID_CONNECT, {"name": "n"})


async def test_lost_while_creating(bench: PairBench) -> None:
    """product facts 3.5: none → the first write creates it."""
    bench.imis.product.exists = False
    losing(bench, bench.imis.take)
    assert (await bench.put(OPENID_CONNECT, {"name": "n"})).writes == 1
    bench.imis.product.exists = False
    losing(bench, None)
    with pytest.raises(UpstreamError, match=NOT_TAKEN):
        await bench.put(OPENID_CONNECT, {"name": "m"})


async def test_lost_and_the_record_is_gone_is_not_guessed(bench: PairBench) -> None:
    def gone(*_: object) -> None:
        bench.imis.product.exists = False

    losing(bench, gone)
    with pytest.raises(UpstreamError, match=UNKNOWN):
        await bench.put(OPENID_CONNECT, {"name": "n"})


async def test_a_lost_secret_that_can_be_read_is_settled_by_reading(bench: PairBench) -> None:
    losing(bench, bench.imis.take)
    assert (await bench.put(OPENID_CONNECT, push(bench))).writes == 1
    assert await bench.shown() == ("a", bench.version("secret-a"))


async def test_a_lost_secret_that_was_not_taken(bench: PairBench) -> None:
    losing(bench, None)
    with pytest.raises(UpstreamError, match=NOT_TAKEN):
        await bench.put(OPENID_CONNECT, push(bench))
    assert bench.imis.product.secret == "cloud"


async def test_a_lost_secret_in_whose_place_there_is_a_third_one(bench: PairBench) -> None:
    """Neither the old values nor ours: not guessed."""

    def third(*_: object) -> None:
        bench.imis.product.secret = "third"

    losing(bench, third)
    with pytest.raises(UpstreamError, match=UNKNOWN):
        await bench.put(OPENID_CONNECT, push(bench))


@pytest.mark.parametrize("shows", HIDING)
@pytest.mark.parametrize("taken", [True, False])
async def test_a_lost_secret_that_cannot_be_read_is_unknown(
    bench: PairBench, shows: Shows, taken: bool
) -> None:
    """contract C22: `""` when unknown, so the next plan pushes it again."""
    bench.imis.product.shows = shows
    await bench.record("old", "cloud")
    losing(bench, bench.imis.take if taken else None)
    with pytest.raises(UpstreamError, match=UNKNOWN):
        await bench.put(OPENID_CONNECT, push(bench))
    assert await bench.shown() == ("", "")
    bench.imis.writing = bench.imis.take
    assert (await bench.put(OPENID_CONNECT, push(bench))).writes == 1
    assert bench.imis.product.secret == "secret-a"


@pytest.mark.parametrize("shows", HIDING)
async def test_a_lost_secret_beside_fields_that_were_not_taken_is_still_the_old_one(
    bench: PairBench, shows: Shows
) -> None:
    """One record is written at once: old fields, old secret (contract C22)."""
    bench.imis.product.shows = shows
    await bench.record("old", "cloud")
    losing(bench, None)
    with pytest.raises(UpstreamError, match=NOT_TAKEN):
        await bench.put(OPENID_CONNECT, push(bench) | {"name": "n"})
    assert await bench.shown() == ("old", bench.version("cloud"))


async def test_lost_and_the_read_back_fails_is_not_guessed(bench: PairBench) -> None:
    losing(bench, bench.imis.take)
    bench.imis.before["read", 2] = raising(UpstreamUnavailable("Down."))
    with pytest.raises(UpstreamUnavailable, match=UNKNOWN) as caught:
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert caught.value.upstream_writes == 1
    assert not await bench.managed(OPENID_CONNECT)


# --- a write that was taken, and what is seen afterwards ----------------------------------------


async def test_a_read_back_that_fails_is_not_guessed(bench: PairBench) -> None:
    """contract C33: 200 only after a read-back shows the new state."""
    bench.imis.before["read", 2] = raising(UpstreamUnavailable("Down."))
    with pytest.raises(UpstreamUnavailable, match=f"^Down. It is {UNKNOWN}") as caught:
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert caught.value.upstream_writes == 1
    assert caught.value.retry_after == 10


async def test_a_reader_who_shares_the_failed_read_back_is_told_of_no_write(
    bench: PairBench,
) -> None:
    """contract C3, C30: his request wrote nothing."""
    readers: list[asyncio.Task[object]] = []

    async def fail() -> None:
        readers.append(asyncio.create_task(bench.get()))
        await asyncio.sleep(0.01)
        raise UpstreamUnavailable("Down.")

    bench.imis.before["read", 2] = fail
    with pytest.raises(UpstreamUnavailable, match=UNKNOWN):
        await bench.put(OPENID_CONNECT, {"name": "n"})
    with pytest.raises(UpstreamUnavailable) as caught:
        await readers[0]
    assert (caught.value.detail, caught.value.upstream_writes) == ("Down.", 0)
    assert bench.imis.count("read") == 2


async def test_a_value_that_the_product_does_not_keep_is_named(bench: PairBench) -> None:
    """contract section 4: upstream-refused, with the fields."""

    def cutting(change: Change, base: Observed) -> None:
        bench.imis.take(change, base)
        bench.imis.product.values["name"] = "cut"

    bench.imis.writing = cutting
    with pytest.raises(UpstreamRefused, match="does not hold what was written") as caught:
        await bench.put(OPENID_CONNECT, {"name": "cut short", "set_login_hint": False})
    assert [each.field for each in caught.value.errors] == ["name"]
    assert "'cut'" in caught.value.errors[0].detail
    assert caught.value.upstream_writes == 1


async def test_a_secret_that_the_product_does_not_keep_is_named_and_not_shown(
    bench: PairBench,
) -> None:
    """contract C20."""

    def other(change: Change, base: Observed) -> None:
        bench.imis.take(change, base)
        bench.imis.product.secret = "canary-other"

    bench.imis.writing = other
    with pytest.raises(UpstreamRefused) as caught:
        await bench.put(OPENID_CONNECT, push(bench))
    assert [each.field for each in caught.value.errors] == ["client_secret"]
    assert "canary" not in caught.value.detail
    assert await bench.recorded() is None


async def test_an_ignored_write_is_no_success(bench: PairBench) -> None:
    """targets R6: no wrong success."""
    bench.imis.writing = lambda *_: None
    with pytest.raises(UpstreamRefused):
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert not await bench.managed(OPENID_CONNECT)


# --- a write that the product refuses ----------------------------------------------------------


@pytest.mark.parametrize(
    "problem", [UpstreamRefused("No."), UpstreamError("Odd."), UpstreamUnavailable("Down.")]
)
@pytest.mark.parametrize("shows", ["clear", *HIDING])
async def test_a_refused_write_leaves_everything_as_it_was(
    bench: PairBench, problem: Problem, shows: Shows
) -> None:
    """contract C22: the version of what was last pushed, and that is still the old one."""
    bench.imis.product.shows = shows
    await bench.record("old", "cloud")
    before = await bench.shown()
    bench.imis.before["write", 1] = raising(problem)
    with pytest.raises(type(problem)) as caught:
        await bench.put(OPENID_CONNECT, push(bench) | {"name": "n"})
    assert caught.value.upstream_writes == 0
    assert bench.imis.count("write") == 1
    assert await bench.shown() == before
    assert not await bench.managed(OPENID_CONNECT)


@pytest.mark.parametrize("shows", HIDING)
async def test_a_write_that_times_out_leaves_a_pushed_secret_unknown(
    bench: PairBench, shows: Shows
) -> None:
    """contract C22."""

    async def sleeping() -> None:
        await asyncio.sleep(30)

    bench.imis.product.shows = shows
    await bench.record("old", "cloud")
    bench.imis.before["write", 1] = sleeping
    with pytest.raises(UpstreamTimeout, match=UNKNOWN):
        await bench.put(OPENID_CONNECT, push(bench), deadline=Deadline(TIGHT))
    assert await bench.shown() == ("", "")
