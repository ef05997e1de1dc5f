"""One run for all who ask for the same at the same time (contract C3, section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Runs(Generic[T]):
    """The runs that are under way, by what they are for.

    A key of None stands for nothing that anybody could share.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    async def share(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await the run of this key, begun where there is none. Raises what the run raises.

        One caller going away ends it for nobody else.
        """
        run = None if key is None else self._running.get(key)
        return await asyncio.shield(run or self._begin(key, start))

    async def afresh(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await a run that begins now; who comes later with this key shares it."""
        return await asyncio.shield(self._begin(key, start))

    async def settle(self, seconds: float) -> None:
        """Wait a little for the runs that are under way: nobody may be waiting for them any more.

        One that is cut off in the middle would leave what it holds open, the store's for example.
        """
        if self._running:
            await asyncio.wait(self._running.values(), timeout=seconds)

    def _begin(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        run = asyncio.create_task(start())
        self._running[key] = run

        def forget(done: asyncio.Task[T]) -> None:
            if self._running.get(key) is done:
                del self._running[key]
            if not done.cancelled():
                done.exception()  # every waiter may be gone; the failure is theirs, not the loop's

        run.add_done_callback(forget)
        return run
