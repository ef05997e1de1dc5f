"""A circuit breaker for one product of one environment (product facts 3.3: fair use).

A product that fails again and again is left alone for a while: who asks is told so at once, and
one request now and then finds out whether it is back.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.problems import (
    Problem,
    UpstreamError,
    UpstreamNotLicensed,
    UpstreamPageChanged,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
    WrongTenant,
)

State = Literal["closed", "open", "half-open"]

_AWAY: Final = (UpstreamUnavailable, UpstreamTimeout, UpstreamError)
# The product itself said no: it is there. Everything else may have been said without it.
_THERE: Final = (UpstreamRefused, UpstreamNotLicensed, UpstreamPageChanged, WrongTenant)


@dataclass(frozen=True)
class Patience:
    """When a circuit opens, and for how long.

    `failures` in a row open it. The first pause is what the last failure's `Retry-After` asks,
    at least `shortest` seconds; each failed try doubles it, with jitter, up to `longest`.
    """

    failures: int = 5
    shortest: float = 1.0
    longest: float = 120.0


class Circuit:
    """What the failures of a product in a row have come to; shown in `/status`.

    It lives in one process: replicas find out by themselves. `clock` and `jitter` are for tests.
    """

    def __init__(
        self,
        title: str,
        patience: Patience | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._title, self._patience = title, patience or Patience()
        self._clock, self._jitter = clock, jitter
        self._failures = self._pauses = 0
        self._until: float | None = None
        self._trying = False
        self._since = datetime.now(UTC)
        self.last_failure: Problem | None = None

    @property
    def state(self) -> State:
        """`closed`: requests pass; `open`: none does; `half-open`: the next one is the try."""
        if self._until is None:
            return "closed"
        return "open" if self._clock() < self._until else "half-open"

    def shown(self) -> dict[str, str | None]:
        """Give what `/status` says of it; a failure by the slug of its type."""
        failure = self.last_failure
        return {
            "circuit": self.state,
            "since": self._since.isoformat(timespec="seconds"),
            "last_failure": None if failure is None else failure.slug,
        }

    @contextmanager
    def passing(self, *, urgent: bool = False) -> Iterator[None]:
        """Let one use of the product pass and note how it ends.

        Raises `UpstreamUnavailable` while the circuit is open, unless the use is `urgent`.
        """
        tries = self._enter(urgent=urgent)
        try:
            yield
        except WriteUncertain as uncertain:
            self._note(uncertain.cause)
            raise
        except Problem as problem:
            self._note(problem)
            raise
        else:
            self._close()
        finally:
            if tries:
                self._trying = False

    def _enter(self, *, urgent: bool) -> bool:
        """Refuse the use, or tell whether it is the one try of a half-open circuit."""
        state = self.state
        if state == "closed" or urgent:
            return False
        if state == "open" or self._trying:
            raise self._refusal()
        self._trying = True
        return True

    def _refusal(self) -> UpstreamUnavailable:
        left = math.ceil((self._until or 0.0) - self._clock())
        reason = "" if self.last_failure is None else f" The last failure: {self.last_failure}"
        msg = (
            f"{self._title} has failed {self._failures} times in a row and is left alone for the "
            f"moment; it was not asked, and nothing was written.{reason}"
        )
        return UpstreamUnavailable(msg, retry_after=max(1, left))

    def _note(self, problem: Problem) -> None:
        if isinstance(problem, _THERE):
            self._close()
        elif isinstance(problem, _AWAY):
            self.last_failure = problem
            self._failures += 1
            # A failure of an urgent use, or of one that began before, does not make it longer.
            if self._failures >= self._patience.failures and self.state != "open":
                self._open(problem)

    def _open(self, problem: Problem) -> None:
        if self._until is None:
            self._since = datetime.now(UTC)
        first = max(self._patience.shortest, float(problem.retry_after or 0))
        pause = first * 2.0**self._pauses * self._jitter(1.0, 1.5)
        self._until = self._clock() + min(pause, self._patience.longest)
        self._pauses += 1

    def _close(self) -> None:
        if self._until is not None:
            self._since = datetime.now(UTC)
        self._until, self._failures, self._pauses = None, 0, 0
