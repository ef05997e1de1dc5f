"""Faults on demand: what to do wrong, to which requests, and how often."""

from __future__ import annotations

import fnmatch
import random
import threading
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imis_sso.simulators.counters import Visit

_ANY = frozenset({"read", "write", "page", "login", "protocol", "other"})
_WRITES = frozenset({"write"})

#: The faults of the connection, which every simulated product knows, and the roles they may meet.
TRANSPORT_KINDS: Mapping[str, frozenset[str]] = {
    "latency": _ANY,
    "timeout": _ANY,
    "status": _ANY,
    "reset": _ANY,
    "truncate": _ANY,
    "slow_close": _ANY,
    "answer_lost": _WRITES,
}
_MATCH_KEYS = frozenset({"method", "path", "role"})


@dataclass
class Fault:
    """One fault: its kind, the requests it meets, how many of them, and its parameters.

    `match` may name `method`, `path` (a shell pattern) and `role` (see `Visit`); `times` None
    means until it is removed; `skip` lets that many matching requests pass first; of the others
    it meets a share of `chance`, the same ones for the same `seed`.
    """

    kind: str
    match: dict[str, str] = field(default_factory=dict)
    times: int | None = 1
    skip: int = 0
    params: dict[str, Any] = field(default_factory=dict)
    hits: int = 0
    chance: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311  # repeatable  # nosec B311

    @classmethod
    def from_json(cls, document: object) -> Fault:
        """Read a fault from the control API; raises TypeError or ValueError saying why not."""
        if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
            message = 'a fault is an object with a "kind"'
            raise TypeError(message)
        unknown = document.keys() - {each.name for each in fields(cls)}
        if unknown:
            message = f"unknown keys of a fault: {', '.join(sorted(unknown))}"
            raise ValueError(message)
        return cls(**document)

    def as_dict(self) -> dict[str, object]:
        """Give the fault as the control API shows it, with the number of requests it hit."""
        return asdict(self)

    def falls(self) -> bool:
        """Throw the dice for one request."""
        return self._dice.random() < self.chance

    def meets(self, visit: Visit) -> bool:
        """Say whether the request is one the fault was ordered for."""
        wanted = self.match
        return (
            fnmatch.fnmatchcase(visit.path, wanted.get("path", "*"))
            and wanted.get("method", visit.method).upper() == visit.method
            and wanted.get("role", visit.role) == visit.role
        )


class FaultBox:
    """The faults ordered for one simulated product; thread-safe."""

    def __init__(self, kinds: Mapping[str, frozenset[str]]) -> None:
        self._kinds = dict(TRANSPORT_KINDS) | dict(kinds)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault; raises ValueError where the product does not know it."""
        self._check(fault)
        with self._lock:
            self._faults.append(fault)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Order exactly these faults; raises ValueError and changes nothing if one is unknown."""
        ordered = list(faults)
        for fault in ordered:
            self._check(fault)
        with self._lock:
            self._faults = ordered

    def clear(self) -> None:
        """Remove every fault."""
        self.replace(())

    def all(self) -> list[Fault]:
        """Give the faults ordered, used up or not."""
        with self._lock:
            return list(self._faults)

    def take(self, visit: Visit, kind: str) -> Fault | None:
        """Use one turn of the first fault of this kind that the request meets, if there is one."""
        if visit.role not in self._kinds[kind]:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.kind == kind and fault.meets(visit) and _has_turn(fault):
                    return fault
        return None

    def _check(self, fault: Fault) -> None:
        if fault.kind not in self._kinds:
            message = f"unknown fault {fault.kind!r}; known: {', '.join(sorted(self._kinds))}"
            raise ValueError(message)
        if not 0.0 <= fault.chance <= 1.0:
            message = "the chance of a fault is a number from 0 to 1"
            raise ValueError(message)
        unknown = fault.match.keys() - _MATCH_KEYS
        if unknown:
            message = f"a fault matches on method, path and role, not {', '.join(sorted(unknown))}"
            raise ValueError(message)


def _has_turn(fault: Fault) -> bool:
    if fault.skip > 0:
        fault.skip -= 1
        return False
    if fault.times is not None and fault.hits >= fault.times:
        return False
    if not fault.falls():
        return False
    fault.hits += 1
    return True
