"""Raising and lowering the mode, and guarding a live pair (contract 1.2). Pure decisions."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from imis_sso.domain.documents import Document
from imis_sso.domain.documents.oidc_authentication import RANK


class Transition(enum.Enum):
    """What a change of the mode is."""

    SAME = "same"
    LOWER = "lower"
    TO_TEST = "to_test"
    ACTIVATE = "activate"
    SKIPS_TEST = "skips_test"


def transition(before: str, after: str) -> Transition:
    """Classify the change of the mode from `before` to `after`."""
    if before == after:
        return Transition.SAME
    if RANK[after] < RANK[before]:
        return Transition.LOWER
    if after == "test_mode":
        return Transition.TO_TEST
    return Transition.ACTIVATE if before == "test_mode" else Transition.SKIPS_TEST


def way(before: str, after: str) -> tuple[str, ...]:
    """Give the modes to pass through from one to the other: down at once, up one at a time."""
    if RANK[after] <= RANK[before]:
        return () if before == after else (after,)
    return tuple(each for each in RANK if RANK[before] < RANK[each] <= RANK[after])


def critical_fields(document: type[Document], changed: Iterable[str]) -> tuple[str, ...]:
    """Give those of the changed fields that sign-in depends on, in the order of declaration."""
    among = frozenset(changed)
    return tuple(each.path for each in document.settings() if each.critical and each.path in among)
