"""One question for all who ask at the same time, begun after the last of them came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Asks for several callers at once.

    Who comes while an answer is under way waits for the next one, which all of those share: an
    answer that was begun before somebody asked may be older than what they know of.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """Give an answer that was begun after this call; raises what asking raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
            self._next.add_done_callback(_seen)
        # One caller going away must not end the question of the others.
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[T] | None) -> T:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        return await self._ask()


def _seen(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()
