"""Which connectors may make the write that is under way.

A gate looks at the connector that was read through. Where its door closes in the middle of the
write, another one must not make it unlooked at: the next order is judged by that one.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from imis_sso.domain.problems import ConnectorUnproven

PERSON: Final = "assisted"
"""The connector behind which a person works: there is nothing to rehearse."""
# It goes with the task that serves an order; every order of production sets it anew.
_allowed: Final[ContextVar[frozenset[str] | None]] = ContextVar("writers", default=None)


def only(*names: str) -> None:
    """Let only these connectors, and a person, write from now on in this task."""
    _allowed.set(frozenset({*names, PERSON}))


def anybody() -> None:
    """Let every connector write from now on in this task."""
    _allowed.set(None)


def require(name: str) -> None:
    """Raise `ConnectorUnproven` where this connector may not make the write; nothing is written."""
    allowed = _allowed.get()
    if allowed is not None and name not in allowed:
        raise ConnectorUnproven(
            f"The way into the product closed in the middle of the write, and the next one "
            f"({name}) was not looked at for it. Nothing was written: try again, and it is."
        )
