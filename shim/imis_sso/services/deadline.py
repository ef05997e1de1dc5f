"""The time a request may take, counted from its arrival (contract C33)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Final, TypeVar

from imis_sso.domain.problems import Busy

T = TypeVar("T")

WRITE_SECONDS: Final = 48.0
READ_SECONDS: Final = 40.0


class Deadline:
    """A point in time, in seconds of the monotonic clock."""

    def __init__(self, seconds: float = WRITE_SECONDS, *, arrived: float | None = None) -> None:
        self._end = (time.monotonic() if arrived is None else arrived) + seconds

    def remaining(self) -> float:
        """Seconds left, never less than zero."""
        return max(0.0, self._end - time.monotonic())

    def room_before(self, seconds: float) -> float:
        """Seconds left before the last `seconds` begin; raises `Busy` where there are none."""
        room = self.remaining() - seconds
        if room <= 0:
            msg = "Other requests are ahead and the time left is too short; nothing was written."
            raise Busy(msg)
        return room


async def within(work: Awaitable[T], until: float, otherwise: T) -> T:
    """Await something until a moment of the event loop's clock; give what stands in for it then."""
    try:
        async with asyncio.timeout_at(until):
            return await work
    except TimeoutError:
        return otherwise
