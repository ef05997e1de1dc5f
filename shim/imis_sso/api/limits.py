"""How many requests a token may send (contract C43)."""

from __future__ import annotations

import time

from imis_sso.domain.problems import RateLimited


class RateLimit:
    """A bucket for each token: `rate` requests a second, and as many at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, token: str) -> None:
        """Take one request from a token's bucket; raises `RateLimited` when it is empty."""
        now = time.monotonic()
        left, then = self._buckets.get(token, (self._rate, now))
        left = min(self._rate, left + (now - then) * self._rate)
        if left < 1:
            self._buckets[token] = (left, now)
            msg = f"More than {self._rate:.0f} requests a second by this token."
            raise RateLimited(msg)
        self._buckets[token] = (left - 1, now)
