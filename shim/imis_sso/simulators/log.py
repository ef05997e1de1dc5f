"""What a simulated product saw and what became of it, in order: the other side of every story."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imis_sso.simulators.counters import Visit

# Enough for a test; a simulator that runs for days must not grow.
_KEPT = 400


@dataclass(eq=False)
class Attempt:
    """One request of a client: what it was, what went wrong with it, how it was answered.

    `status` is None where no answer was begun; `faults` are the kinds that met it; `seen` is
    the number of the state that a read showed; `over` says that nothing more comes of it.
    """

    visit: Visit
    faults: list[str] = field(default_factory=list)
    status: int | None = None
    seen: int | None = None
    over: bool = False


@dataclass(frozen=True, eq=False)
class State:
    """What the product held from one moment on, and the request that made it so.

    `attempt` is None where a person did it at the product's own console.
    """

    number: int
    held: Mapping[str, Any]
    attempt: Attempt | None = None


@dataclass
class Log:
    """Requests and states since the last reset, the newest 400 of each; thread-safe."""

    attempts: deque[Attempt] = field(default_factory=lambda: deque(maxlen=_KEPT))
    states: deque[State] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _number: int = 0

    def begin(self, visit: Visit) -> Attempt:
        """Note a request that has come in."""
        attempt = Attempt(visit)
        with self._lock:
            self.attempts.append(attempt)
        return attempt

    def hold(self, held: Mapping[str, Any], attempt: Attempt | None = None) -> None:
        """Note what the product holds from now on."""
        with self._lock:
            self._number += 1
            self.states.append(State(self._number, copy.deepcopy(dict(held)), attempt))

    def show(self, attempt: Attempt | None) -> None:
        """Note that a request is shown what the product holds now."""
        if attempt is not None:
            attempt.seen = self._number

    def reset(self, held: Mapping[str, Any]) -> None:
        """Forget everything but what the product holds now."""
        with self._lock:
            self.attempts.clear()
            self.states.clear()
            self.hold(held)
