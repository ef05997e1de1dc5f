"""The rate limit of a caller: contract C43."""

from __future__ import annotations

from imis_sso.api.limits import MAX_BUCKETS, RateLimit
from imis_sso.domain.problems import RateLimited


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _taken(limit: RateLimit, caller: str) -> int:
    for count in range(10_000):
        try:
            limit.take(caller)
        except RateLimited:
            return count
    raise AssertionError


def test_a_bucket_empties_and_fills_again() -> None:
    clock = Clock()
    limit = RateLimit(100, clock)
    assert _taken(limit, "a") == 100
    clock.now += 0.5
    assert _taken(limit, "a") == 50
    clock.now += 60
    assert _taken(limit, "a") == 100
    assert _taken(limit, "b") == 100, "callers do not take from each other"


def test_memory_is_bounded_and_nobody_gains_by_it() -> None:
    """Callers of many names, as JWTs have them, do not pile up; an empty bucket stays empty."""
    clock = Clock()
    limit = RateLimit(100, clock)
    for number in range(20 * MAX_BUCKETS):
        clock.now += 0.01
        limit.take(f"run-{number}")
    assert len(limit) <= MAX_BUCKETS
    assert _taken(limit, "greedy") == 100
    for number in range(2 * MAX_BUCKETS):
        limit.take(f"more-{number}")
    assert _taken(limit, "greedy") == 0
