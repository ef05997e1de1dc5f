"""What a simulated product was asked to do, counted."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

#: Which counter a visit of each role adds to, beside `requests` and `by_route`.
_COUNTED = {"read": "reads", "write": "writes"}


@dataclass(frozen=True)
class Visit:
    """One request, recognised: its path's template and the role it plays.

    Roles: `read` and `write` (of settings), `page` (any other page of the dashboard), `login`,
    `protocol` (OpenID Connect), `other`.
    """

    method: str
    path: str
    template: str
    role: str
    is_page: bool = False


class Counters:
    """Thread-safe counts since the last reset; requests to the control API are not among them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._by_route: Counter[str] = Counter()
        self._in_flight = 0
        self._max_simultaneous = 0

    def arrive(self, visit: Visit) -> None:
        """Count a request that has come in and is now in flight."""
        with self._lock:
            self._counts["requests"] += 1
            if visit.role in _COUNTED:
                self._counts[_COUNTED[visit.role]] += 1
            if visit.is_page:
                self._counts["page_loads"] += 1
            self._by_route[f"{visit.method} {visit.template}"] += 1
            self._in_flight += 1
            self._max_simultaneous = max(self._max_simultaneous, self._in_flight)

    def leave(self) -> None:
        """Take a request out of flight; called as its answer's last byte is handed over."""
        with self._lock:
            self._in_flight -= 1

    def count(self, name: str) -> None:
        """Add one to `logins`, `refused_logins` or `stored`."""
        with self._lock:
            self._counts[name] += 1

    def __getattr__(self, name: str) -> int:
        if name in NAMES:
            return self._counts[name]
        raise AttributeError(name)

    @property
    def max_simultaneous(self) -> int:
        """The highest number of requests that were in flight at one time."""
        return self._max_simultaneous

    @property
    def by_route(self) -> dict[str, int]:
        """Requests by method and path template, such as `GET /api/OpenIDProvider/{id}`."""
        with self._lock:
            return dict(sorted(self._by_route.items()))

    def as_dict(self) -> dict[str, object]:
        """Give every counter, ready for JSON."""
        counts: dict[str, object] = {name: self._counts[name] for name in NAMES}
        return counts | {"max_simultaneous": self.max_simultaneous, "by_route": self.by_route}

    def reset(self) -> None:
        """Start again from nothing, but for what is in flight."""
        with self._lock:
            self._counts.clear()
            self._by_route.clear()
            self._max_simultaneous = self._in_flight


NAMES = ("requests", "reads", "writes", "stored", "logins", "refused_logins", "page_loads")
