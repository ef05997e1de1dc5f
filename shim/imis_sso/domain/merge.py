"""Merging what a caller declares onto what is live (contract C2, C6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(live: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Lay declared keys over live ones at every depth; an absent key keeps its live value (C2)."""
    result = dict(live)
    for key, value in declared.items():
        below = result.get(key)
        nested = isinstance(value, Mapping) and isinstance(below, Mapping)
        result[key] = merge(below, value) if nested else value  # type: ignore[arg-type]
    return result


def nulls_to_defaults(patch: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Replace each null of a merge patch by the field's default (RFC 7396, contract C6).

    A null for a key without a default stays, and is then refused by the document's own types.
    """
    result: dict[str, Any] = {}
    for key, value in patch.items():
        if value is None:
            result[key] = defaults.get(key)
        elif isinstance(value, Mapping) and isinstance(defaults.get(key), Mapping):
            result[key] = nulls_to_defaults(value, defaults[key])
        else:
            result[key] = value
    return result
