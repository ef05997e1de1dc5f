"""Callers and what they may do (contract C40, C41)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


class Scope(enum.StrEnum):
    """What a token may do. Each scope includes those before it (contract C40)."""

    READ = "read"
    APPLY = "apply"
    APPLY_PROTECTED = "apply-protected"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Position in the order of the scopes, from the weakest."""
        return list(Scope).index(self)

    def includes(self, other: Scope) -> bool:
        """Tell whether this scope allows what the other one allows."""
        return self.rank >= other.rank


@dataclass(frozen=True)
class Principal:
    """Who calls: a token's name, its scope, and its environments (None: not bound to any).

    `claims` are the verified claims of a caller whom a trusted issuer names (contract C40).
    """

    name: str
    scope: Scope
    environments: frozenset[str] | None = None
    claims: Mapping[str, str] = field(default_factory=dict)

    def allows(self, scope: Scope) -> bool:
        """Tell whether the caller may do what needs this scope."""
        return self.scope.includes(scope)

    def sees(self, environment: str) -> bool:
        """Tell whether the caller may know of this environment (contract C41)."""
        return self.environments is None or environment in self.environments


@dataclass(frozen=True)
class Origin:
    """Where a request came from and why, for the audit trail.

    `address` is the peer's, `reason` the caller's own word (`X-Change-Reason`), `claims` what a
    trusted issuer says of the caller (repository, commit, run, actor …); empty for stored tokens.
    """

    address: str = ""
    reason: str = ""
    claims: Mapping[str, str] = field(default_factory=dict)


class TokenState(enum.StrEnum):
    """Whether a token opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class TokenRecord:
    """A token as the operator sees it in a list; neither the token nor its hash is part of it."""

    id: str
    name: str
    scope: Scope
    environments: frozenset[str] | None
    created_at: datetime
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def state(self, at: datetime) -> TokenState:
        """Tell whether the token opens anything at a moment; one that expires does not any more."""
        if self.revoked_at is not None:
            return TokenState.REVOKED
        expired = self.expires_at is not None and self.expires_at <= at
        return TokenState.EXPIRED if expired else TokenState.ACTIVE


def belongs_to(name: str, who: str) -> bool:
    """Tell whether a caller's name is that of a person or system, or below it: `jane.laptop`.

    So is what they did on the command line (`cli.jane`), and by a rule of their name (`jane:…`).
    """
    return any(
        name == each or name.startswith((f"{each}.", f"{each}:")) for each in (who, f"cli.{who}")
    )


class TokenNameTaken(Exception):  # noqa: N818  # a refusal, not a failure
    """An active token has this name already; revoke it first or choose another name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"an active token is named {name!r} already: revoke it, or use another")
        self.name = name
