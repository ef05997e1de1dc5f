"""How fast a product is asked at the most (product facts 3.3: fair use)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

_BURST_SECONDS: Final = 2.0


class Pace:
    """A cap on uses of a product: so many a second, and two seconds' worth of them at once.

    It holds for one connector of one process. Whoever waits for a turn waits in order.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap, self._clock = 1.0 / per_second, clock
        # The moment at which all that was used so far would have been used evenly.
        self._due = clock() - _BURST_SECONDS

    async def turn(self) -> None:
        """Wait until the product may be used once more."""
        pause = self.claim()
        if pause > 0:
            await asyncio.sleep(pause)

    def claim(self) -> float:
        """Take the next turn and give the seconds until it comes; 0 or less where it is now."""
        now = self._clock()
        self._due = max(self._due, now - _BURST_SECONDS) + self._gap
        return self._due - now
