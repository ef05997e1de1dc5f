"""Tells when something has not been used for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

IDLE_SECONDS: Final = 15 * 60.0
"""How long a browser is kept without use."""


class Idle:
    """A pause: `begin` starts it, `end` ends it; after `seconds` of it `rest` is called, once.

    Whoever rests asks `is_over` once more where nobody else can begin: the pause may have ended.
    """

    def __init__(self, seconds: float, rest: Callable[[], Awaitable[None]]) -> None:
        self._seconds, self._rest = seconds, rest
        self._timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None
        self._closed = False
        self.is_over = False

    def begin(self) -> None:
        """Begin a pause."""
        self.end()
        if not self._closed:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._over)

    def end(self) -> None:
        """End the pause, if there is one."""
        self.is_over = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        self.is_over = True
        self._resting = asyncio.ensure_future(self._rest())

    async def aclose(self) -> None:
        """End the pause for good, and wait for whoever rests."""
        self._closed = True
        self.end()
        if self._resting is not None:
            await asyncio.gather(self._resting, return_exceptions=True)
