"""What a check says, and all checks of a pair together (contract section 6). Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final, Literal

Proof = Literal["passive", "active"]

ORDER: Final = (
    "licence.openid-connect",
    "client.id-matches",
    "client.secret-matches",
    "discovery.url-matches",
    "discovery.reachable",
    "discovery.issuer-matches",
    "jwks.usable",
    "redirect.matches",
    "redirect.registered",
    "client.secret-accepted",
    "claims.recipe",
    "environment.not-crossed",
    "directory.<id>.discovery",
    "directory.<id>.secret-accepted",
    "imis.sign-in-page",
    "expiry",
    "sign-in.attested",
    "mode.age",
)
"""Every check, in the order of the contract's table; `<id>` is the key of a directory."""
ACTIVE: Final = ("redirect.registered", "client.secret-accepted", "imis.sign-in-page")
"""The checks that only active probes decide; besides them those of each directory's secret."""


def is_active(check: str) -> bool:
    """Tell whether only active probes decide a check."""
    return check in ACTIVE or _pattern(check) == "directory.<id>.secret-accepted"


def _pattern(check: str) -> str:
    first, *inner = check.split(".")
    return f"{first}.<id>.{inner[-1]}" if first == "directory" and inner else check


class Status(enum.StrEnum):
    """Outcome of a check. Only `failed` makes a verification fail."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One check: what was found, the fields to look at, and what to do about it."""

    id: str
    status: Status
    detail: str
    fields: tuple[str, ...]
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the entry of `checks` (contract section 6)."""
        return {
            "id": self.id,
            "status": self.status.value,
            "detail": self.detail,
            "fields": list(self.fields),
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Verification:
    """All checks of a pair, in a stable order.

    `undecided` names the checks that only active probes decide and that are not decided here;
    `digest` is `settings_digest` of what was judged.
    """

    checks: tuple[Check, ...]
    proof: Proof = "passive"
    undecided: tuple[str, ...] = ()
    digest: str = ""

    @classmethod
    def of(
        cls, *checks: Check, proof: Proof = "passive", undecided: tuple[str, ...] = ()
    ) -> Verification:
        """Put checks in the order of the contract."""
        return cls(tuple(sorted(checks, key=_place)), proof, undecided)

    @property
    def passed(self) -> bool:
        """At least one check passed and none failed."""
        statuses = [check.status for check in self.checks]
        return Status.PASSED in statuses and Status.FAILED not in statuses

    def failures(self) -> tuple[Check, ...]:
        """Give the checks that failed."""
        return tuple(check for check in self.checks if check.status is Status.FAILED)

    def as_dict(self, environment: str) -> dict[str, Any]:
        """Give the document of `/verification`: no timestamps, stable order."""
        return {
            "environment": environment,
            "passed": self.passed,
            "proof": self.proof,
            "checks": [check.as_dict() for check in self.checks],
        }


def _place(check: Check) -> tuple[int, str]:
    """Give the place in the contract's table; the checks of one directory stand together."""
    pattern = _pattern(check.id)
    if pattern not in ORDER:
        return len(ORDER), ""
    kept = pattern == check.id
    return ORDER.index(pattern if kept else "directory.<id>.discovery"), "" if kept else check.id
