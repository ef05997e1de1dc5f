"""The document of a directory: what must be said, and what may not (contract 1.3, product 5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from imis_sso.domain.documents import Directory, ImisClient, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.intents import Found, Intent, settle
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import InvalidSettings, NotCanonical, Problem, UntrustedHost
from imis_sso.domain.settings_digest import settings_digest
from imis_sso.domain.trust import Pins
from imis_sso.domain.validation import check_changes, check_shape
from imis_sso.domain.verdicts import Halves

HOST = "id.example.org"
_AT = datetime(2026, 1, 1, tzinfo=UTC)
PINS = Pins(None, None, directory=frozenset({HOST}), directory_key="secrets.a.hosts")
WHOLE: dict[str, str | bool] = Directory.defaults() | {
    "name": "Staff",
    "client_id": "c",
    "issuer": f"https://{HOST}",
    "authorization_url": f"https://{HOST}/authorize",
    "token_url": f"https://{HOST}/token",
    "userinfo_url": f"https://{HOST}/userinfo",
}


def refused(
    live: dict[str, str | bool], wanted: dict[str, str | bool], pins: Pins = PINS, **how: bool
) -> list[str]:
    """Give the fields that are refused."""
    try:
        check_changes(Directory, live, wanted, pins, {}, **how)
    except Problem as problem:
        return sorted(each.field for each in problem.errors)
    return []


def test_a_new_directory_must_be_whole() -> None:
    empty = Directory.defaults()
    assert refused(empty, empty) == []  # what a product holds may be sent back
    needed = ["authorization_url", "client_id", "issuer", "name", "token_url", "userinfo_url"]
    assert refused(empty, empty, creating=True) == needed
    assert refused(empty, WHOLE, creating=True) == []
    nowhere = replace(PINS, directory=None)
    addresses = ["authorization_url", "issuer", "token_url", "userinfo_url"]
    assert refused(empty, WHOLE, nowhere, creating=True) == addresses


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("scopes", "profile email", InvalidSettings),
        ("scopes", "", InvalidSettings),
        ("scopes", "openidx", InvalidSettings),
        ("claims.staff", "groups", InvalidSettings),
        ("claims.staff", "cognito:groups", InvalidSettings),
        ("claims.external_id", "", InvalidSettings),
        ("token_url", "http://id.example.org/t", InvalidSettings),
        ("token_url", "https://ID.example.org/t", NotCanonical),
        ("token_url", "https://elsewhere.example/t", UntrustedHost),
        ("discovery_domain", "elsewhere.example", UntrustedHost),
        ("discovery_domain", "id.example.org/x", InvalidSettings),
    ],
)
def test_a_changed_value_that_is_wrong(path: str, value: str, problem: type[Problem]) -> None:
    with pytest.raises(problem) as caught:
        check_changes(Directory, WHOLE, WHOLE | {path: value}, PINS, {})
    assert [each.field for each in caught.value.errors] == [path]


@pytest.mark.parametrize(("path", "value"), [("claims.staff", "staff"), ("discovery_domain", HOST)])
def test_a_changed_value_that_is_right(path: str, value: str) -> None:
    assert refused(WHOLE, WHOLE | {path: value}) == []


def test_another_secret_has_every_address_judged() -> None:
    other = replace(PINS, directory=frozenset({"other.example"}))
    assert refused(WHOLE, WHOLE, other) == []
    addresses = ["authorization_url", "issuer", "token_url", "userinfo_url"]
    assert refused(WHOLE, WHOLE, other, pinned_again=True) == addresses
    assert refused(WHOLE, WHOLE, PINS, pinned_again=True) == []


def test_a_claim_is_a_text_and_never_a_list() -> None:
    with pytest.raises(InvalidSettings, match="a text, not a list"):
        check_shape(Directory, {"claims": {"staff": ["staff"]}})


@pytest.mark.parametrize(("exists", "result"), [(True, "not-applied"), (False, "applied")])
def test_a_deletion_is_settled_by_whether_it_is_there(exists: bool, result: str) -> None:
    intent = Intent.of(
        ("i", "test", "cloud-sso", "cloud-sso/directories/staff", _AT),
        {"who": "ci", "before": {}, "after": {}, "existed": True, "removes": True, "secret": None},
        None,
    )
    assert intent.as_dict()["removes"] is True
    assert settle(intent, Found({}, None, exists)).value == result


def test_a_change_that_removes_is_one() -> None:
    assert Change(removes=True)
    assert "removes" in repr(Change(removes=True))
    assert not Change()


def test_a_directory_is_part_of_what_is_verified() -> None:
    halves = Halves(OpenIDConnect(), ImisClient(), ImisSsoSettings())
    staff = Directory.of(WHOLE)
    digests = [
        settings_digest(replace(halves, directories=each))
        for each in (
            {},
            {"staff": staff},
            {"other": staff},
            {"staff": staff.model_copy(update={"token_url": "https://x.example/"})},
            {"staff": staff.model_copy(update={"client_secret_version": "v1-0"})},
        )
    ]
    assert len(set(digests)) == len(digests)
    renamed: Any = staff.model_copy(update={"name": "Other"})
    assert settings_digest(replace(halves, directories={"staff": renamed})) == digests[1]
