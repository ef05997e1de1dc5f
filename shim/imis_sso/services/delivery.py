"""Sending the audit trail outside: in order, at least once, and never in a write's way.

One task for each sink. A batch is the lines of one environment behind the last one delivered, then
the signed checkpoint of its last line: kept outside, it shows an end that was cut off (contract 7).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from imis_sso.connectors.base import Sink, SinkUnavailable
from imis_sso.domain.audit import Line
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.store.base import Deliveries, Trail

logger = logging.getLogger(__name__)

BATCH: Final = 200
LOOK_SECONDS: Final = 20.0
LONGEST_PAUSE: Final = 300.0


class Delivery:
    """One sink and how far it has come."""

    def __init__(self, sink: Sink, trail: Trail, deliveries: Deliveries) -> None:
        self._sink, self._trail, self._deliveries = sink, trail, deliveries
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.failing = ""

    @property
    def name(self) -> str:
        """The sink's name."""
        return self._sink.name

    def start(self) -> None:
        """Begin to deliver; called once, inside the event loop."""
        self._trail.listen(self._woken.set)
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Deliver what is there once more, within a second, and end."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(TimeoutError, StoreUnavailable, SinkUnavailable):
            async with asyncio.timeout(1):
                await self.deliver()
        await self._sink.aclose()

    async def state(self, environment: str) -> dict[str, Any]:
        """Give the entry of `/status`: how many lines are waiting, and why if it fails."""
        delivered = await self._deliveries.get(self.name, environment)
        last = (await self._trail.ends()).get(environment, 0)
        return {"name": self.name, "waiting": last - delivered, "failing": self.failing}

    async def deliver(self) -> None:
        """Send everything that waits. Raises SinkUnavailable and StoreUnavailable."""
        for environment, last in (await self._trail.ends()).items():
            delivered = await self._deliveries.get(self.name, environment)
            while delivered < last:
                lines = await self._trail.lines(environment, after=delivered, limit=BATCH)
                await self._sink.send(await self._batch(environment, lines))
                delivered = lines[-1].seq
                await self._deliveries.put(self.name, environment, delivered)

    async def _batch(self, environment: str, lines: Sequence[Line]) -> list[str]:
        batch = [json.dumps(each.as_dict(), sort_keys=True) for each in lines]
        checkpoint = await self._trail.checkpoint(environment, lines[-1].seq)
        if checkpoint is not None:
            batch.append(json.dumps(checkpoint.as_dict(), sort_keys=True))
        return batch

    async def _run(self) -> None:
        failures = 0
        while True:
            self._woken.clear()
            try:
                await self.deliver()
                failures, self.failing = 0, ""
            except (SinkUnavailable, StoreUnavailable) as error:
                failures += 1
                self._say(str(error), failures)
            # Lines of other processes wake nobody here, so it looks from time to time.
            pause = min(2.0**failures, LONGEST_PAUSE) if failures else LOOK_SECONDS
            with suppress(TimeoutError):
                # Not wait_for: it can lose the cancellation that ends this task (Python 3.11).
                async with asyncio.timeout(pause):
                    await self._wait(failures)

    async def _wait(self, failures: int) -> None:
        if failures:
            await asyncio.Event().wait()  # only the pause ends it: new lines do not mend a sink
        await self._woken.wait()

    def _say(self, reason: str, failures: int) -> None:
        if reason != self.failing or failures == 1:
            logger.warning("the audit sink %s fails: %s", self.name, reason)
        self.failing = reason
