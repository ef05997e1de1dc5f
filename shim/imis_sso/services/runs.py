"""One run for all who ask for the same at the same time (contract section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any

from imis_sso.domain.checks import Verification


class Runs:
    """The verifications of one environment that are under way."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Verification]] = {}

    async def share(
        self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Verification]]
    ) -> Verification:
        """Await the run of this key, begun where there is none. Raises what the run raises.

        One caller going away ends it for nobody else.
        """
        run = self._running.get(key) or self._begin(key, start)
        return await asyncio.shield(run)

    def _begin(
        self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Verification]]
    ) -> asyncio.Task[Verification]:
        run = asyncio.create_task(start())
        self._running[key] = run

        def forget(done: asyncio.Task[Verification]) -> None:
            if self._running.get(key) is done:
                del self._running[key]
            if not done.cancelled():
                done.exception()  # every waiter may be gone; the failure is theirs, not the loop's

        run.add_done_callback(forget)
        return run
