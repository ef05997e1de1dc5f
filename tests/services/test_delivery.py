"""The audit trail is sent outside: in order, at least once, never in a write's way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pair_bench import PairBench

from imis_sso.auditor import verify_audit
from imis_sso.connectors.base import SinkUnavailable
from imis_sso.connectors.sinks import FileSink
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.services.delivery import Delivery
from imis_sso.store.engine import SqlStore, open_store


class Outside:
    """A place outside that can be out of order."""

    name = "outside"

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.broken = False

    async def send(self, batch: Sequence[str]) -> None:
        if self.broken:
            msg = "it answered 503"
            raise SinkUnavailable(msg)
        self.taken += [json.loads(each) for each in batch]

    async def aclose(self) -> None:
        """Nothing to close."""

    @property
    def numbers(self) -> list[int]:
        return [each["seq"] for each in self.taken if "prev" in each]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(tmp_path / "data")
    yield opened
    await opened.aclose()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def test_lines_go_out_in_order_with_a_checkpoint_behind_each_batch(store: SqlStore) -> None:
    outside = Outside()
    delivery = Delivery(outside, store.trail, store.deliveries)
    delivery.start()
    bench = PairBench(store)
    for name in ("a", "b", "c"):
        await bench.put(OPENID_CONNECT, {"name": name})
    await until(lambda: len(outside.numbers) == 6)
    assert outside.numbers == [1, 2, 3, 4, 5, 6]
    assert outside.taken[-1]["checkpoint"] == 1
    assert outside.taken[-1]["seq"] == 6
    async with asyncio.timeout(20):  # what was sent is noted a moment later
        while (state := await delivery.state(bench.environment))["waiting"]:
            await asyncio.sleep(0.01)
    assert state == {"name": "outside", "waiting": 0, "failing": ""}
    await delivery.aclose()


async def test_a_sink_that_fails_holds_nobody_up_and_catches_up_after_a_restart(
    store: SqlStore,
) -> None:
    outside = Outside()
    outside.broken = True
    delivery = Delivery(outside, store.trail, store.deliveries)
    delivery.start()
    bench = PairBench(store)
    await bench.put(OPENID_CONNECT, {"name": "a"})
    await until(lambda: delivery.failing != "")
    state = await delivery.state(bench.environment)
    assert state == {"name": "outside", "waiting": 2, "failing": "it answered 503"}
    await delivery.aclose()
    assert outside.numbers == []
    outside.broken = False
    await Delivery(outside, store.trail, store.deliveries).deliver()
    assert outside.numbers == [1, 2]
    await Delivery(outside, store.trail, store.deliveries).deliver()
    assert outside.numbers == [1, 2], "what was delivered is not sent again"


async def test_the_file_is_an_anchor_that_finds_a_trail_cut_off(
    store: SqlStore, tmp_path: Path
) -> None:
    """contract section 7: truncation is detected against the last checkpoint outside."""
    file = tmp_path / "outside.jsonl"
    bench = PairBench(store)
    await bench.put(OPENID_CONNECT, {"name": "a"})
    await Delivery(FileSink("file", file), store.trail, store.deliveries).deliver()
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.dumps(each) for each in await bench.trail()]
    export = tmp_path / "export.jsonl"
    export.write_text("".join(f"{each}\n" for each in lines), "utf-8")
    check = verify_audit.signature_check(store.public_key.encode())
    assert verify_audit.verify(export, [file], check)[1] == []
    export.write_text(f"{lines[0]}\n", "utf-8")
    (fault,) = verify_audit.verify(export, [file], check)[1]
    assert "its end was cut off" in fault
