"""What the specification of the registry knows and this version has not built.

Such a key is refused instead of ignored: a policy that is not enforced must not look as if it were.
"""

from __future__ import annotations

from typing import Final

UNBUILT_KEYS: Final = frozenset(
    {
        "change_guards",
        "directories",
        "hold",
        "idempotency",
        "licence",
        "metrics",
        "promotion",
    }
)
"""Keys of later versions, wherever they stand."""


def not_available(what: str) -> str:
    """Say that something known is not built yet."""
    return f"{what} is not available in this version"
