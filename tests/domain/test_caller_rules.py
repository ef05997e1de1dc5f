"""Which verified claims let a caller in, and as whom: contract C40."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.access import Scope
from imis_sso.domain.callers import (
    MAX_NAME,
    CallerRule,
    is_pull_request,
    let_in,
    matches,
    text_of,
)
from imis_sso.domain.shared_issuers import SHARED_ISSUERS, names_owner, owner_claims

GITHUB = "https://token.actions.githubusercontent.com"
CLAIMS: dict[str, Any] = {
    "iss": GITHUB,
    "aud": "imis-sso",
    "sub": "repo:acme/members:ref:refs/heads/main",
    "repository": "acme/members",
    "ref": "refs/heads/main",
    "sha": "0a1b2c",
    "run_id": "77",
    "actor": "jane",
    "event_name": "push",
    "jti": "not-recorded",
}
RULE = CallerRule(
    "deploy", GITHUB, "imis-sso", {"repository": "acme/members"}, Scope.APPLY, frozenset({"test"})
)


def test_who_it_is_and_what_is_recorded() -> None:
    caller = let_in([RULE], CLAIMS)
    assert caller is not None
    assert caller.name == "deploy:repo:acme/members:ref:refs/heads/main"
    assert (caller.scope, caller.environments) == (Scope.APPLY, frozenset({"test"}))
    assert caller.claims == {key: each for key, each in CLAIMS.items() if key not in ("aud", "jti")}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"iss": GITHUB + "/"},
        {"iss": GITHUB.upper()},
        {"aud": "imis-sso-2"},
        {"aud": "IMIS-SSO"},
        {"aud": ["imis-sso", "another"]},
        {"aud": []},
        {"aud": None},
        {"repository": "acme/members2"},
        {"repository": "Acme/members"},
        {"repository": ["acme/members"]},
        {"repository": {"acme/members": 1}},
        {"repository": None},
        {"repository": "acme/members\n"},
    ],
    ids=str,
)
def test_nothing_near_it_fits(spoilt: dict[str, Any]) -> None:
    """contract C40: issuer byte-equal, audience exact, every condition met."""
    assert let_in([RULE], CLAIMS | spoilt) is None


def test_an_audience_may_stand_alone_in_a_list() -> None:
    """RFC 7519 4.1.3; with others in it the token is theirs to replay."""
    assert RULE.fits(CLAIMS | {"aud": ["imis-sso"]})


def test_a_condition_on_a_claim_that_is_not_there_fails() -> None:
    rule = CallerRule("x", GITHUB, "imis-sso", {"environment": "*"})
    assert not rule.fits(CLAIMS)
    assert rule.fits(CLAIMS | {"environment": "prod"})


def test_every_condition_must_fit() -> None:
    both = CallerRule("x", GITHUB, "imis-sso", {"repository": "acme/*", "ref": "refs/heads/main"})
    assert both.fits(CLAIMS)
    assert not both.fits(CLAIMS | {"ref": "refs/heads/other"})


def test_the_first_rule_that_fits_decides() -> None:
    wide = CallerRule("wide", GITHUB, "imis-sso", {"repository": "acme/*"}, Scope.READ)
    assert getattr(let_in([wide, RULE], CLAIMS), "scope", None) is Scope.READ
    assert getattr(let_in([RULE, wide], CLAIMS), "scope", None) is Scope.APPLY


PULL_REQUESTS: list[dict[str, Any]] = [
    {"sub": "repo:acme/members:pull_request"},
    {"sub": "repo:acme/members:pull_request:actor:mallory"},
    {"event_name": "pull_request", "sub": "repo:acme/members:environment:prod"},
    {"event_name": "pull_request_target"},
    {"event_name": "pull_request_review"},
    {"ref": "refs/pull/7/merge"},
    {"pipeline_source": "merge_request_event"},
    {"pipeline_source": "external_pull_request_event"},
]


@pytest.mark.parametrize("claims", PULL_REQUESTS, ids=str)
@pytest.mark.parametrize("scope", list(Scope))
def test_a_pull_request_gets_read_at_most(claims: dict[str, Any], scope: Scope) -> None:
    """A rule that would match with more does not give it: whoever opens one decides what runs."""
    generous = CallerRule("all", GITHUB, "imis-sso", {"repository": "acme/*"}, scope)
    caller = let_in([generous], CLAIMS | claims)
    assert caller is not None
    assert caller.scope is Scope.READ


@pytest.mark.parametrize(
    "claims",
    [{}, {"sub": "repo:acme/pull_request:ref:refs/heads/pull_request"}, {"event_name": "schedule"}],
    ids=str,
)
def test_a_branch_that_is_called_so_is_none(claims: dict[str, Any]) -> None:
    assert not is_pull_request(CLAIMS | claims)


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("acme/members", "acme/members", True),
        ("acme/*", "acme/members", True),
        ("acme/*", "acme/", True),
        ("acme/*", "acme-evil/members", False),
        ("repo:acme/*:environment:prod", "repo:acme/members:environment:prod", True),
        ("repo:acme/*:environment:prod", "repo:acme/x:ref:refs/heads/y:environment:prod", False),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/a/b:ref:refs/heads/main", False),
        ("refs/heads/*", "refs/heads/feature/x", True),
        ("refs/heads/*/x", "refs/heads/feature/x", True),
        ("refs/heads/*x", "refs/heads/feature/x", False),
        ("*", "", True),
        ("a.c", "abc", False),
        ("a?c", "abc", False),
        ("[ab]", "a", False),
        ("(a|b)", "a", False),
        ("a", "a\n", False),
        ("a*", "a\nb", True),
        ("", "", True),
    ],
)
def test_patterns(pattern: str, value: str, fits: bool) -> None:
    """Within a pattern the star stays within one part; at the end it takes what follows."""
    assert matches(pattern, value) is fits


TEXT = st.text(st.characters(exclude_characters="*"), max_size=20)


@given(TEXT, TEXT)
def test_without_a_star_only_the_same_text_fits(pattern: str, value: str) -> None:
    assert matches(pattern, value) is (pattern == value)


@given(st.lists(st.text(st.sampled_from("ab/:.*[]\\"), max_size=4), max_size=5), st.data())
def test_a_pattern_fits_what_it_was_made_from(parts: list[str], data: st.DataObject) -> None:
    """Put something without separators in place of each star: the pattern must take it."""
    pattern = "*".join(parts)
    value = re.sub(r"\*", lambda _: data.draw(st.text("xy-", max_size=3)), pattern)
    assert matches(pattern, value)


@given(st.text(st.sampled_from("ab/:*"), max_size=8), st.text(st.sampled_from("ab/:"), max_size=8))
def test_a_pattern_takes_no_more_than_a_shells_would(pattern: str, value: str) -> None:
    """The meaning that people know, and narrower: it never fits where that one does not."""
    if matches(pattern, value):
        assert fnmatch.fnmatchcase(value, pattern)


@given(st.text(st.sampled_from("ab*"), max_size=8), st.text(st.sampled_from("ab"), max_size=8))
def test_without_separators_it_is_a_shells(pattern: str, value: str) -> None:
    assert matches(pattern, value) is fnmatch.fnmatchcase(value, pattern)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (7, "7"), (True, "true"), (False, "false"), (None, None), ([], None), (1.5, None)],
)
def test_claims_as_text(value: object, text: str | None) -> None:
    assert text_of(value) == text


@given(st.text(max_size=400))
def test_a_name_is_one_line_that_no_token_can_have(subject: str) -> None:
    caller = RULE.principal(CLAIMS | {"sub": subject})
    assert caller.name.startswith("deploy:")
    assert len(caller.name) <= MAX_NAME
    assert caller.name.isascii()
    assert caller.name.isprintable()
    assert " " not in caller.name
    assert all(each.isprintable() for each in caller.claims.values())


def test_long_subjects_stay_two_callers() -> None:
    names = {RULE.principal({"sub": "x" * 400 + end}).name for end in "ab"}
    assert len(names) == 2
    assert all(len(each) == MAX_NAME for each in names)


@pytest.mark.parametrize(
    ("host", "claims", "owned"),
    [
        ("token.actions.githubusercontent.com", {"ref": "refs/heads/main"}, False),
        ("token.actions.githubusercontent.com", {"repository": "*/members"}, False),
        ("token.actions.githubusercontent.com", {"repository": "ac*/members"}, False),
        ("token.actions.githubusercontent.com", {"repository": "acme/*"}, True),
        ("token.actions.githubusercontent.com", {"repository_owner": "acme*"}, False),
        ("token.actions.githubusercontent.com", {"repository_owner": "acme"}, True),
        ("token.actions.githubusercontent.com", {"repository_id": "123"}, True),
        ("token.actions.githubusercontent.com", {"sub": "repo:*"}, False),
        ("token.actions.githubusercontent.com", {"sub": "repo:acme*"}, False),
        ("token.actions.githubusercontent.com", {"sub": "repo:acme/*"}, True),
        ("gitlab.com", {"ref": "main"}, False),
        ("gitlab.com", {"project_path": "acme/members"}, True),
        ("gitlab.com", {"namespace_path": "acme*"}, False),
        ("gitlab.com", {"sub": "project_path:acme/*"}, True),
        ("app.terraform.io", {"terraform_run_phase": "apply"}, False),
        ("app.terraform.io", {"sub": "organization:acme:*"}, True),
        ("app.terraform.io", {"sub": "organization:acme*"}, False),
        ("gitlab.example.org", {"ref": "main"}, True),
    ],
)
def test_a_shared_issuer_needs_an_owner(host: str, claims: dict[str, str], owned: bool) -> None:
    """Anybody gets signed tokens of these, with a branch and an audience of their own choice."""
    assert names_owner(f"https://{host}", claims) is owned
    assert names_owner(f"https://{host}/enterprise", claims) is owned
    assert owner_claims(f"https://{host}") == tuple(SHARED_ISSUERS.get(host, ()))
