"""Caps on how often a product is asked (product facts 3.3: fair use)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from imis_sso.connectors.pace import Pace
from imis_sso.domain.resources import OPENID_CONNECT

if TYPE_CHECKING:
    from imis_rest_bench import Bench

pytest_plugins = ("imis_rest_bench",)
pytestmark = pytest.mark.anyio


def test_two_seconds_worth_may_come_at_once_and_no_more() -> None:
    pace = Pace(10, clock=lambda: 100.0)
    waits = [pace.claim() for _ in range(25)]
    assert all(wait <= 1e-9 for wait in waits[:20])
    assert waits[20:] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_what_was_not_used_is_not_saved_up() -> None:
    now = [0.0]
    pace = Pace(5, clock=lambda: now[0])
    now[0] = 3600.0
    waits = [pace.claim() for _ in range(11)]
    assert waits[9] <= 1e-9 < waits[10] == pytest.approx(0.2)


async def test_a_busy_service_asks_imis_no_faster(bench: Bench) -> None:
    """Log-ins and repeats count too; the seconds are a lower bound, so a slow machine passes."""
    imis = bench.connector(requests_per_second=10)
    began = time.monotonic()
    try:
        await asyncio.gather(*(imis.read(OPENID_CONNECT) for _ in range(26)))
    finally:
        await imis.aclose()
    assert bench.model.counters.requests == 27  # one of them the log-in
    assert time.monotonic() - began >= 0.65
    assert bench.model.counters.max_simultaneous == 1
