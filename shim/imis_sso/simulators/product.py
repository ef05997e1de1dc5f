"""What the two simulated products have in common."""

from __future__ import annotations

import os
import secrets
import string
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from imis_sso.simulators.counters import Counters
from imis_sso.simulators.faults import FaultBox
from imis_sso.simulators.log import Log
from imis_sso.simulators.sign_ins import SignIns

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from imis_sso.simulators.faults import Fault
    from imis_sso.simulators.log import Attempt
    from imis_sso.simulators.variant import Variant

#: Characters that go wrong where a secret is not encoded for a URL or a form (RFC 6749 2.3.1).
_SPECIAL = "+/=%:&~"
_SECRET_LENGTH = 40
MARK_VARIABLE = "IMIS_SSO_SIMULATED_SECRET_MARK"
"""Environment variable with a text that every secret made here holds, so that a leak is found."""


class Product(ABC):
    """State of one simulated product, with its counters, faults, variant and log."""

    def __init__(self, variant: Variant, kinds: Mapping[str, frozenset[str]]) -> None:
        self.variant = variant
        self.counters = Counters()
        self.faults = FaultBox(kinds)
        self.log = Log()
        self.sign_ins = SignIns()

    @abstractmethod
    def state(self) -> dict[str, object]:
        """Give everything the product holds, secrets in clear: it is a simulator."""

    @abstractmethod
    def held(self) -> dict[str, object]:
        """Give a copy of the settings that a write can change, as the log keeps them."""

    @abstractmethod
    def patch(self, changes: Mapping[str, object]) -> None:
        """Change the product as a person at its console would.

        Raises ValueError saying what cannot be changed so.
        """

    @abstractmethod
    def seed(self) -> None:
        """Put the product into the state it starts with."""

    @abstractmethod
    def expire_sessions(self) -> None:
        """End every session or token at once."""

    def take(self, attempt: Attempt, kind: str) -> Fault | None:
        """Use a fault of this kind on a request, if one was ordered for it, and note it."""
        fault = self.faults.take(attempt.visit, kind)
        if fault is not None:
            attempt.faults.append(kind)
        return fault

    def change_variant(self, changes: Mapping[str, object]) -> None:
        """Change the variant; raises ValueError naming the field and what it takes."""
        self.variant.update(changes)

    def reset(self, *, state: bool = False) -> None:
        """Start counting anew; with `state`, also remove the faults and seed the product."""
        self.counters.reset()
        self.sign_ins.clear()
        if state:
            self.faults.clear()
            self.seed()
        self.log.reset(self.held())


def new_secret() -> str:
    """Make a random secret that holds every character a careless encoder spoils, and the mark."""
    alphabet, mark = string.ascii_letters + string.digits, os.environ.get(MARK_VARIABLE, "")
    length = max(_SECRET_LENGTH - len(_SPECIAL) - len(mark), _SECRET_LENGTH // 4)
    characters = [*(secrets.choice(alphabet) for _ in range(length)), *_SPECIAL, mark]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def new_session() -> str:
    """Make the id of a log-in session, or the token of one, with the mark."""
    return f"{secrets.token_urlsafe(32)}{os.environ.get(MARK_VARIABLE, '')}"


def assign(
    target: object, changes: Mapping[str, object], names: Mapping[str, type | Container[object]]
) -> None:
    """Set attributes, each of its type or one of its choices.

    Raises ValueError for a name or a choice not allowed, TypeError for another type.
    """
    for name, value in changes.items():
        if name not in names:
            message = f"unknown state {name!r}; known: {', '.join(sorted(names))}"
            raise ValueError(message)
        _check(name, value, names[name])
    for name, value in changes.items():
        setattr(target, name, value)


def _check(name: str, value: object, allowed: type | Container[object]) -> None:
    if not isinstance(allowed, type):
        if value not in allowed:
            message = f"{name} takes one of {allowed}"
            raise ValueError(message)
    elif not isinstance(value, allowed) or isinstance(value, bool):
        message = f"{name} takes a value of type {allowed.__name__}"
        raise TypeError(message)
