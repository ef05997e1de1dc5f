"""Who may call a route: each route states one decision about itself (contract C40, targets S2)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

from imis_sso.domain.access import Scope

DECISION: Final = "x-decision"
"""Under this key a route's decision stands in its part of the OpenAPI document."""


class Decision(enum.StrEnum):
    """What a caller needs for a route.

    `WRITE` is `apply`, `RESTORE` is `admin`, and `read` for a dry run of either (contract C15).
    What a single request needs beyond it (`force`, an inline secret) the route asks for itself.
    """

    OPEN = "open"
    READ = "read"
    WRITE = "apply, or read for a dry run"
    RESTORE = "admin, or read for a dry run"
    APPLY = "apply"
    APPLY_PROTECTED = "apply-protected"
    ADMIN = "admin"

    def scope(self, *, dry_run: bool = False) -> Scope | None:
        """Give the scope that a caller needs; None where nobody needs any."""
        if self is Decision.OPEN:
            return None
        if self in (Decision.WRITE, Decision.RESTORE) and dry_run:
            return Scope.READ
        return Scope(self.value.partition(",")[0])

    def stated(self) -> dict[str, Any]:
        """Give what a route hands over as, or within, its `openapi_extra`."""
        return {DECISION: self.value}


def decision_in(extra: Mapping[str, Any] | None) -> Decision | None:
    """Give the decision that a route's `openapi_extra` states, or None."""
    stated = (extra or {}).get(DECISION)
    return None if stated is None else Decision(stated)
