"""A secret that cannot print itself, and what a product may show in its place (contract C20)."""

from __future__ import annotations

import enum
import hmac
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK_CHARACTERS: Final = frozenset("*•-●")
REDACTED: Final = "[redacted]"


class Secret:
    """A secret value. Only `reveal()` gives it out; printing, formatting and pickling do not."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the secret in clear, to be handed to the product it is for and to nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time, so that an answer's timing tells nothing (contract C40)."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret is one more thing to leak

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        msg = "a secret cannot be pickled"
        raise TypeError(msg)


class Unreadable(enum.Enum):
    """What a product gives in place of a secret it does not show (product facts 3.2, 4.5)."""

    MASKED = "masked"
    ABSENT = "absent"


ObservedSecret = Secret | Unreadable


def is_mask(text: str) -> bool:
    """Tell whether a text is only mask characters, hence never a secret (contract C24)."""
    return bool(text) and all(character in MASK_CHARACTERS for character in text)


def observed_secret(text: str | None) -> ObservedSecret:
    """Classify what a product shows as its secret: in clear, masked or not at all."""
    if not text:
        return Unreadable.ABSENT
    return Unreadable.MASKED if is_mask(text) else Secret(text)


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Replace every occurrence of the given secrets in a text that came from a product."""
    for secret in secrets:
        if secret:
            text = text.replace(secret.reveal(), REDACTED)
    return text
