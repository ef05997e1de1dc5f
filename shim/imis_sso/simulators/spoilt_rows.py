"""The fault `changed_page` on the rows of a form, whichever product's form it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imis_sso.simulators.faults import Fault


class Spoilable(Protocol):
    """One labelled field of a form, and the three things that can become of it."""

    @property
    def label(self) -> str:
        """Its label."""

    def again(self) -> Self:
        """Give the same field once more."""

    def retyped(self) -> Self:
        """Give it as another kind of field."""

    def renamed(self, label: str) -> Self:
        """Give it under another label."""


R = TypeVar("R", bound=Spoilable)


def spoil_rows(rows: Sequence[R], fault: Fault, usual: str) -> list[R]:
    """Change a form as the fault's `params` say.

    `change` is `renamed` (to `params.to`), `missing`, `doubled` or `retyped`; `label` names the
    field, by default the `usual` one.
    """
    label = fault.params.get("label", usual)
    changed: list[R] = []
    for row in rows:
        changed += _spoiled(row, fault) if row.label == label else [row]
    return changed


def _spoiled(row: R, fault: Fault) -> list[R]:
    change = fault.params.get("change", "renamed")
    if change == "missing":
        return []
    if change == "doubled":
        return [row, row.again()]
    if change == "retyped":
        return [row.retyped()]
    return [row.renamed(str(fault.params.get("to", f"{row.label} (new)")))]
