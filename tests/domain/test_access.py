"""Callers and what they may do (contract C40, C41)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from imis_sso.domain.access import Principal, Scope, TokenNameTaken, TokenRecord, belongs_to

ORDER = ("read", "apply", "apply-protected", "admin")


@pytest.mark.parametrize(("held", "needed"), list(itertools.product(ORDER, ORDER)))
def test_each_scope_includes_those_before_it(held: str, needed: str) -> None:
    """contract C40."""
    allowed = ORDER.index(held) >= ORDER.index(needed)
    assert Scope(held).includes(Scope(needed)) is allowed
    assert Principal("ci", Scope(held)).allows(Scope(needed)) is allowed


def test_the_scopes_are_the_contracts() -> None:
    assert tuple(Scope) == ORDER
    assert [each.rank for each in Scope] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("bound", "environment", "seen"),
    [
        (None, "test", True),
        (None, "anything", True),
        (frozenset({"test"}), "test", True),
        (frozenset({"test"}), "prod", False),
        (frozenset({"test", "prod"}), "prod", True),
        (frozenset(), "test", False),
        (frozenset({"test"}), "TEST", False),
    ],
)
def test_a_bound_caller_knows_of_its_environments_only(
    bound: frozenset[str] | None, environment: str, seen: bool
) -> None:
    """contract C41."""
    assert Principal("ci", Scope.ADMIN, bound).sees(environment) is seen


def test_a_token_is_active_until_it_is_revoked_or_expires() -> None:
    now, later = datetime(2025, 1, 31, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC)
    token = TokenRecord("1", "ci", Scope.READ, None, now)
    assert token.state(later) == "active"
    assert replace(token, expires_at=later).state(now) == "active"
    assert replace(token, expires_at=later).state(later) == "expired"
    assert replace(token, revoked_at=now).state(now) == "revoked"
    assert replace(token, expires_at=now, revoked_at=now).state(later) == "revoked"


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("jane", True),
        ("jane.laptop", True),
        ("cli.jane", True),
        ("jane:repo:acme/x", True),
        ("janet", False),
        ("jane-2", False),
        ("x.jane", False),
        ("Jane", False),
        ("cli.janet", False),
        ("cli", False),
    ],
)
def test_whose_name_it_is(name: str, theirs: bool) -> None:
    assert belongs_to(name, "jane") is theirs


def test_a_taken_name_is_said() -> None:
    refusal = TokenNameTaken("ci")
    assert refusal.name == "ci"
    assert "'ci'" in str(refusal)
