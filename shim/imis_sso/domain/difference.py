"""Differences between two states of a document (contract C2, C15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imis_sso.domain.documents import Document, flatten


@dataclass(frozen=True)
class FieldChange:
    """One field that differs, by dotted path."""

    field: str
    before: Any
    after: Any

    def as_dict(self) -> dict[str, Any]:
        """Give the entry of `meta.changes` (contract C15)."""
        return {"field": self.field, "before": self.before, "after": self.after}


def difference(before: Document, after: Document) -> tuple[FieldChange, ...]:
    """List the fields that differ between two documents of one kind, by path."""
    return differing(flatten(before.model_dump()), flatten(after.model_dump()))


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """List the paths of `after` whose value is not that of `before`, by path."""
    return tuple(
        FieldChange(path, before.get(path), value)
        for path, value in sorted(after.items())
        if before.get(path) != value
    )
