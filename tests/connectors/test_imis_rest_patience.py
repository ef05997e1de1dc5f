"""How patient the connector to iMIS is, and with whom (product facts 3.3, targets R4, R6)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from imis_sso.connectors.base import Credential, WriteUncertain
from imis_sso.connectors.imis_rest import ImisRest
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import (
    Busy,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OPENID_CONNECT

if TYPE_CHECKING:
    from imis_rest_bench import Bench

pytest_plugins = ("imis_rest_bench",)
pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_product_is_asked_twice_more(
    bench: Bench, imis: ImisRest, status: int
) -> None:
    """Product facts 3.3: retry with back-off."""
    bench.fault("status", "read", times=2, status=status)
    assert (await imis.read(OPENID_CONNECT)).exists
    bench.fault("status", "read", times=3, status=status)
    with pytest.raises(UpstreamUnavailable):
        await imis.read(OPENID_CONNECT)
    assert bench.model.counters.reads == 6


async def test_retry_after_is_honoured(bench: Bench, imis: ImisRest) -> None:
    """RFC 9110 section 10.2.3."""
    bench.fault("status", "read", status=429, retry_after=1)
    before = time.monotonic()
    assert (await imis.read(OPENID_CONNECT)).exists
    assert time.monotonic() - before >= 1


@pytest.mark.parametrize("asked", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_a_long_retry_after_is_passed_on(bench: Bench, imis: ImisRest, asked: str) -> None:
    """Contract C31: integer `Retry-After`; the request does not wait for it."""
    bench.fault("status", "read", status=503, retry_after=asked)
    with pytest.raises(UpstreamUnavailable) as busy:
        await imis.read(OPENID_CONNECT)
    assert isinstance(busy.value.retry_after, int)
    assert busy.value.retry_after >= 3600
    assert bench.model.counters.reads == 1


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_failing_product_is_asked_once_more(
    bench: Bench, imis: ImisRest, status: int
) -> None:
    bench.fault("status", "read", status=status)
    assert (await imis.read(OPENID_CONNECT)).exists
    bench.fault("status", "read", times=2, status=status, body="<html>stack trace</html>")
    with pytest.raises(UpstreamError) as failed:
        await imis.read(OPENID_CONNECT)
    assert "trace" not in failed.value.detail
    assert bench.model.counters.reads == 4


async def test_a_caller_that_goes_away_makes_no_room_for_a_second_request(
    bench: Bench, imis: ImisRest
) -> None:
    """Product facts 3.3: one request at a time, also after a cancelled one."""
    await imis.read(OPENID_CONNECT)
    bench.model.counters.reset()
    bench.fault("latency", "read", seconds=0.4)
    gone = asyncio.create_task(imis.read(OPENID_CONNECT))
    await asyncio.sleep(0.1)
    gone.cancel()
    assert (await imis.read(OPENID_CONNECT)).exists
    assert gone.cancelled()
    assert bench.model.counters.max_simultaneous == 1
    assert bench.model.counters.reads == 2


async def test_a_caller_that_goes_away_while_waiting_costs_no_request(
    bench: Bench, imis: ImisRest
) -> None:
    bench.fault("latency", "read", seconds=0.3)
    first = asyncio.create_task(imis.read(OPENID_CONNECT))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(imis.read(OPENID_CONNECT))
    await asyncio.sleep(0.05)
    waiting.cancel()
    assert (await first).exists
    assert (await imis.read(OPENID_CONNECT)).exists
    assert bench.model.counters.reads == 2


async def test_waiting_for_others_ends(bench: Bench) -> None:
    """Contract C33: the time of a request includes its wait."""
    imis = bench.connector(request_seconds=1.2)
    await imis.read(OPENID_CONNECT)
    bench.fault("latency", "read", times=99, seconds=0.8)
    outcomes = await asyncio.gather(
        *(imis.read(OPENID_CONNECT) for _ in range(4)), return_exceptions=True
    )
    assert isinstance(outcomes[-1], Busy)
    assert bench.model.counters.reads <= 4
    await imis.aclose()


async def test_closing_ends_what_is_running(bench: Bench) -> None:
    imis = bench.connector()
    bench.fault("latency", "read", seconds=3)
    running = asyncio.create_task(imis.read(OPENID_CONNECT))
    await asyncio.sleep(0.3)
    before = time.monotonic()
    await imis.aclose()
    await asyncio.wait([running])
    assert running.cancelled()
    assert time.monotonic() - before < 2.5


async def test_closing_twice_is_harmless_and_a_read_opens_again(bench: Bench) -> None:
    imis = bench.connector()
    await imis.read(OPENID_CONNECT)
    await imis.aclose()
    await imis.aclose()
    assert (await imis.read(OPENID_CONNECT)).exists
    await imis.aclose()


async def test_a_write_may_take_less_than_half_of_what_is_allowed(bench: Bench) -> None:
    """Contract C33: read, write and read-back together stay below 50 seconds."""
    imis = bench.connector(request_seconds=8.0)
    assert imis.write_seconds == 24
    assert imis.write_seconds * 1.5 < 50


async def test_a_slow_product_is_not_waited_for_beyond_the_budget(bench: Bench) -> None:
    """Contract C33, with an expired session on top."""
    imis = bench.connector(request_seconds=1.5)
    base = await imis.read(OPENID_CONNECT)
    bench.fault("expire_session", "write")
    bench.fault("latency", times=99, seconds=1.0)
    before = time.monotonic()
    with pytest.raises((WriteUncertain, UpstreamTimeout)):
        await imis.write(OPENID_CONNECT, Change({"name": "x"}), base)
    assert time.monotonic() - before < imis.write_seconds
    await imis.aclose()


async def test_a_slow_source_of_the_password_uses_the_time_up(bench: Bench) -> None:
    """Contract C33: what is left of the time bounds what follows."""

    async def slow() -> Credential:
        await asyncio.sleep(1.6)
        return await bench.credential()

    imis = ImisRest(
        bench.model.base_url, slow, bench.guard, ca_file=bench.ca_file, request_seconds=1.0
    )
    with pytest.raises(UpstreamTimeout, match="used up"):
        await imis.read(OPENID_CONNECT)
    assert bench.model.counters.reads == 0
    await imis.aclose()
