"""What is given out under a random name: codes, states, journeys, sessions."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

# Enough for tests; a simulator that runs for days must not grow.
_KEPT = 400


class Kept(Generic[T]):
    """Values by random names, the newest 400 of them; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[str, T] = OrderedDict()

    def put(self, value: T) -> str:
        """Keep a value and give its name."""
        name = secrets.token_urlsafe(24)
        with self._lock:
            self._values[name] = value
            while len(self._values) > _KEPT:
                self._values.popitem(last=False)
        return name

    def find(self, name: str) -> T | None:
        """Give the value of this name, or None."""
        with self._lock:
            return self._values.get(name)

    def take(self, name: str) -> T | None:
        """Give the value of this name and forget it; None where there is none, or no more."""
        with self._lock:
            return self._values.pop(name, None)
