"""The registry's rules for callers of trusted issuers, and what is said of wrong ones (C40)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from imis_sso.domain.access import Scope
from imis_sso.domain.callers import RECORDED, CallerRule
from imis_sso.environments import load

Write = Callable[..., Path]
Faults = Callable[..., list[tuple[int | None, str, str]]]
GITHUB = "https://token.actions.githubusercontent.com"
RULE = {
    "name": "deploy",
    "issuer": GITHUB,
    "audience": "imis-sso",
    "claims": {"repository": "acme/members"},
}


def server(*rules: object) -> str:
    """Give line 1 of a file with these rules."""
    return f"server: {yaml.safe_dump({'callers': list(rules)}, default_flow_style=True, width=9999).strip()}\nenvironments:"


def test_a_rule_with_its_defaults(write: Write) -> None:
    (caller,) = load(write(line1=server(RULE))).server.callers
    assert caller.rule() == CallerRule(
        "deploy", GITHUB, "imis-sso", {"repository": "acme/members"}, Scope.READ, None, RECORDED
    )
    assert (caller.jwks_uri, caller.ca_file, caller.allow_private) == (None, None, False)


def test_a_rule_with_everything(write: Write) -> None:
    more = {
        "issuer": "https://gitlab.example.org/",
        "jwks_uri": "https://gitlab.example.org/keys",
        "scope": "apply-protected",
        "environments": ["test"],
        "subject_claims_recorded": ["ref"],
        "allow_private": True,
    }
    (caller,) = load(write(line1=server(RULE | more))).server.callers
    rule = caller.rule()
    assert rule.issuer == "https://gitlab.example.org/", "its slash is part of it"
    assert (rule.scope, rule.environments) == (Scope.APPLY_PROTECTED, frozenset({"test"}))
    assert rule.recorded == ("ref",)


def test_no_rules_by_default(write: Write) -> None:
    assert load(write()).server.callers == ()


WRONG = [
    ({"issuer": "http://x.example"}, "issuer", "must be an https address"),
    ({"issuer": "https://X.example"}, "issuer", "canonical form, which is https://x.example"),
    ({"issuer": "https://u@x.example"}, "issuer", "without user name"),
    ({"jwks_uri": "keys"}, "jwks_uri", "must be an https address"),
    ({"audience": ""}, "audience", "must not be empty"),
    ({"claims": {}}, "claims", "must not be empty"),
    ({"claims": {"repository": "*"}}, "claims", "more than *"),
    ({"claims": {"aud": "x"}}, "claims", "the key audience says it"),
    ({"claims": {"iss": "x"}}, "claims", "the key issuer says it"),
    ({"claims": {"ref": "refs/heads/main"}}, "", "must name the owner"),
    ({"claims": {"repository": "*/members"}}, "", "must name the owner"),
    ({"claims": {"repository": 7}}, "claims.repository", "expected text"),
    ({"scope": "root"}, "scope", "expected read, apply, apply-protected or admin"),
    ({"environments": []}, "environments", "must not be empty"),
    ({"environments": ["tset"]}, "environments[0]", 'there is no environment "tset"'),
    ({"name": "De ploy"}, "name", "lower-case letters"),
    ({"alow_private": True}, "alow_private", 'the nearest known one is "allow_private"'),
    ({"allow_private": "yes"}, "allow_private", "expected true or false"),
]


@pytest.mark.parametrize(("change", "key", "message"), WRONG, ids=[str(each[0]) for each in WRONG])
def test_what_is_wrong_is_said(
    faults: Faults, change: dict[str, object], key: str, message: str
) -> None:
    found = faults(line1=server(RULE | change))
    place = f"server.callers[0].{key}".rstrip(".")
    assert [each[1] for each in found] == [place]
    assert message in found[0][2]


@pytest.mark.parametrize("missing", ["name", "issuer", "audience", "claims"])
def test_what_is_missing_is_said(faults: Faults, missing: str) -> None:
    rule = {key: each for key, each in RULE.items() if key != missing}
    assert [each[1:] for each in faults(line1=server(rule))] == [
        (f"server.callers[0].{missing}", "is missing")
    ]


def test_rules_that_contradict_each_other(faults: Faults) -> None:
    other = RULE | {"allow_private": True}
    found = faults(line1=server(RULE, other))
    assert [each[1] for each in found] == ["server.callers[1].name", "server.callers[1].issuer"]
