"""What a write was about to do, and what reading tells became of it (contract 7). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Result
from imis_sso.domain.documents import Values
from imis_sso.domain.ledger import AppliedSecret
from imis_sso.domain.resources import Product


@dataclass(frozen=True)
class SecretMove:
    """The secret that a write pushes: the fingerprint before, and what is recorded of it."""

    before: str
    applied: AppliedSecret


@dataclass(frozen=True)
class Intent:
    """A write that has begun and whose outcome is not on record yet.

    `before` and `after` are the changed values by dotted path; `existed` tells whether there was a
    record before, `found` names the snapshot of what was there, `removes` tells that the record was
    to be deleted. Nothing of it is secret.
    """

    id: str
    environment: str
    product: Product
    resource: str
    at: datetime
    who: str
    before: Values
    after: Values
    existed: bool
    secret: SecretMove | None = None
    found: str | None = None
    origin: Origin = field(default_factory=Origin)
    removes: bool = False
    by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give what is stored beside the columns."""
        secret = self.secret
        return {
            "who": self.who,
            "before": dict(self.before),
            "after": dict(self.after),
            "existed": self.existed,
            "by": self.by,
            "removes": self.removes,
            "secret": secret
            and {
                "before": secret.before,
                "ref": secret.applied.ref,
                "version": secret.applied.version,
            },
        }

    @classmethod
    def of(
        cls,
        columns: tuple[str, str, Product, str, datetime],
        stored: Mapping[str, Any],
        found: str | None,
    ) -> Intent:
        """Read an intent back from its columns (id, environment, product, resource, time)."""
        secret = stored["secret"]
        move = secret and SecretMove(
            secret["before"], AppliedSecret(secret["ref"], secret["version"])
        )
        return cls(
            *columns,
            who=stored["who"],
            before=stored["before"],
            after=stored["after"],
            existed=stored["existed"],
            secret=move,
            found=found,
            removes=stored.get("removes", False),
            by=stored.get("by", ""),
        )


@dataclass(frozen=True)
class Found:
    """What the product holds now: the document's values by path, and its secret's fingerprint.

    `version` is None where the product does not show its secret, `exists` False where there is no
    record.
    """

    values: Values
    version: str | None
    exists: bool = True


def settle(intent: Intent, found: Found) -> Result:
    """Tell from what the product holds now what became of an interrupted write.

    Gives `UNKNOWN` only where nothing but a secret changed that the product does not show.
    """
    if intent.removes:
        return Result.NOT_APPLIED if found.exists else Result.APPLIED
    if not (intent.existed and found.exists):
        return _of_a_creation(intent, found)
    sides = [
        _side(found.values.get(path), intent.before.get(path), value)
        for path, value in intent.after.items()
        if intent.before.get(path) != value
    ]
    if intent.secret is not None and found.version is not None:
        sides.append(_side(found.version, intent.secret.before, intent.secret.applied.version))
    if not sides:
        return Result.UNKNOWN
    return sides[0] if len(set(sides)) == 1 else Result.DIFFERS


def _of_a_creation(intent: Intent, found: Found) -> Result:
    if not found.exists:
        return Result.DIFFERS if intent.existed else Result.NOT_APPLIED
    same = all(found.values.get(path) == value for path, value in intent.after.items())
    return Result.APPLIED if same else Result.DIFFERS


def _side(now: object, before: object, after: object) -> Result:
    if now == after:
        return Result.APPLIED
    return Result.NOT_APPLIED if now == before else Result.DIFFERS
