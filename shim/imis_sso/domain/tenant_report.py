"""What one tenant tells of the claims: a report that names nobody (docs/evidence.md). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from imis_sso.domain.examination import Door, Examination

FORMAT: Final = 1
_VERSION: Final = re.compile(r"[0-9a-f.]{1,40}")


def report(examination: Examination, on: date) -> dict[str, Any]:
    """Give the report of an examination: date, versions, and whether each claim held.

    A claim of which two findings speak held only if it did in both; one that is still open is left
    out. What the environment's rehearsals proved on these versions counts, too.
    """
    seen = [(each.claim, each.held) for door in examination.doors for each in door.findings]
    for rehearsal in _fitting(examination):
        seen += [(each["claim"], each["held"]) for each in rehearsal["proofs"]]
    return {
        "format": FORMAT,
        "date": on.isoformat(),
        "versions": _versions(examination.doors),
        "claims": _claims(seen),
    }


def _fitting(examination: Examination) -> list[dict[str, Any]]:
    now = {(door.connector, door.version) for door in examination.doors}
    kept = examination.rehearsals
    return [dict(each) for each in kept if (each["connector"], each["version"]) in now]


def _versions(doors: Iterable[Door]) -> dict[str, str]:
    """Give the versions that look like one: nothing else of a product's words leaves."""
    told: dict[str, str] = {}
    for door in doors:
        if _VERSION.fullmatch(door.version):
            told.setdefault(door.product, door.version)
    return told


def _claims(seen: Iterable[tuple[str, bool | None]]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for claim, held in seen:
        if claim and held is not None:
            found[claim] = found.get(claim, True) and held
    return dict(sorted(found.items()))
