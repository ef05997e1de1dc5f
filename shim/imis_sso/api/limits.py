"""How many requests a token may send (contract C43)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from imis_sso.domain.problems import RateLimited

MAX_BUCKETS: Final = 1024


def _now() -> float:
    return time.monotonic()


class RateLimit:
    """A bucket for each caller: `rate` requests a second, and as many at once.

    A bucket that has filled up again is as good as none: such are forgotten where there are many,
    because callers with a name from an issuer may be new in every run.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = _now) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> None:
        """Take one request from a caller's bucket; raises `RateLimited` when it is empty."""
        now = self._clock()
        left, then = self._buckets.get(caller, (self._rate, now))
        left = min(self._rate, left + (now - then) * self._rate)
        if left < 1:
            self._buckets[caller] = (left, now)
            msg = f"More than {self._rate:.0f} requests a second by this token."
            raise RateLimited(msg)
        self._forget_full(now)
        self._buckets[caller] = (left - 1, now)

    def __len__(self) -> int:
        return len(self._buckets)

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) < MAX_BUCKETS:
            return
        # Empty or not: after one second without a request a bucket is full (contract C43).
        self._buckets = {name: each for name, each in self._buckets.items() if now - each[1] < 1}
