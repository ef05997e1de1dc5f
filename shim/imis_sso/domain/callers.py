"""Callers whom a trusted issuer names: rules on verified claims (contract C40).

Nothing here verifies a signature: what comes in are claims that have been verified already.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from imis_sso.domain.access import Principal, Scope

RECORDED: Final = (
    "repository", "ref", "sha", "run_id", "actor", "environment", "job_workflow_ref", "event_name",
    "namespace_path", "project_path", "pipeline_id", "job_id", "user_login", "pipeline_source",
    "terraform_*",
)  # fmt: skip
"""Claims that are recorded of a caller unless its rule says otherwise; issuer and subject always.

GitHub's, GitLab's and HCP Terraform's words for which code ran where, and who started it.
"""

MAX_NAME: Final = 255
MAX_VALUE: Final = 500

_DIGEST: Final = 32
_MERGE_SOURCES: Final = frozenset({"merge_request_event", "external_pull_request_event"})


@dataclass(frozen=True)
class CallerRule:
    """Whom an issuer may let in, and what they may do.

    `claims` maps each claim that must be there to its exact value, or to a pattern with `*`.
    """

    name: str
    issuer: str
    audience: str
    claims: Mapping[str, str]
    scope: Scope = Scope.READ
    environments: frozenset[str] | None = None
    recorded: tuple[str, ...] = RECORDED

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether verified claims are what this rule asks for; issuer and audience exactly."""
        return (
            claims.get("iss") == self.issuer
            and claims.get("aud") in (self.audience, [self.audience])
            and all(
                matches(pattern, text_of(claims.get(name))) for name, pattern in self.claims.items()
            )
        )

    def principal(self, claims: Mapping[str, Any]) -> Principal:
        """Give the caller with these claims, which fit: a pull request gets `read` at most."""
        scope = Scope.READ if is_pull_request(claims) else self.scope
        name = _named(self.name, text_of(claims.get("sub")) or "")
        return Principal(name, scope, self.environments, self._recorded(claims))

    def _recorded(self, claims: Mapping[str, Any]) -> dict[str, str]:
        wanted = ("iss", "sub", *self.recorded)
        found = {name: text_of(value) for name, value in sorted(claims.items())}
        return {
            name: _printable(text)
            for name, text in found.items()
            if text is not None and any(matches(each, name) for each in wanted)
        }


def let_in(rules: Iterable[CallerRule], claims: Mapping[str, Any]) -> Principal | None:
    """Give the caller by the first rule that fits; None where none does."""
    return next((each.principal(claims) for each in rules if each.fits(claims)), None)


def matches(pattern: str, value: str | None) -> bool:
    """Tell whether a claim's value is what a pattern says.

    `*` stands for any characters but `/` and `:`, which part names in subjects, repositories and
    branches; at the end of the pattern it stands for whatever follows. All else is literal.
    """
    if value is None:
        return False
    middle, star = (pattern[:-1], ".*") if pattern.endswith("*") else (pattern, "")
    expression = "[^/:]*".join(re.escape(part) for part in middle.split("*"))
    return re.fullmatch(expression + star, value, re.DOTALL) is not None


def text_of(value: object) -> str | None:
    """Give a claim as text: numbers and booleans as JSON writes them; None for what has parts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def is_pull_request(claims: Mapping[str, Any]) -> bool:
    """Tell whether the claims are of a pull request (GitHub) or a merge request (GitLab).

    Whoever may open one decides what runs in it: it gets `read` at most, whatever a rule says.
    """
    return (
        "pull_request" in str(claims.get("sub", "")).split(":")
        or str(claims.get("event_name", "")).startswith("pull_request")
        or str(claims.get("ref", "")).startswith("refs/pull/")
        or claims.get("pipeline_source") in _MERGE_SOURCES
    )


def _named(rule: str, subject: str) -> str:
    """Give a caller's name: no token can have it, for it has a colon; one line; of bounded length.

    A name that had to be cut ends in a digest, so that two long subjects stay two callers.
    """
    name = f"{rule}:{quote(subject, safe='/:@.-_~+=,', errors='backslashreplace')}"
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(subject.encode(errors="backslashreplace")).hexdigest()[:_DIGEST]
    return f"{name[: MAX_NAME - _DIGEST - 1]}~{digest}"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "�" for each in text)[:MAX_VALUE]
