"""Readers of one source at the same time share one read; nothing is kept after its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Reads under way, by what is read. A read that never ends is not begun a second time."""

    def __init__(self) -> None:
        self._running: dict[tuple[int, Hashable], asyncio.Task[T]] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Give what `work` gives, of a read that is under way or else begins now.

        A reader that goes away does not end the read of the others.
        """
        place = (id(asyncio.get_running_loop()), key)
        running = self._running.get(place)
        if running is None:
            running = asyncio.ensure_future(_awaited(work))
            self._running[place] = running
            running.add_done_callback(lambda done: self._end(place, done))
        return await asyncio.shield(running)

    def _end(self, place: tuple[int, Hashable], done: asyncio.Task[T]) -> None:
        del self._running[place]
        if not done.cancelled():
            done.exception()  # every reader may be gone; the failure is theirs, not the loop's


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
