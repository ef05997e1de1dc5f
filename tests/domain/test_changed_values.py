"""Only changed values are validated, and all violations are listed (contract C2, C10, C45)."""

from __future__ import annotations

from typing import Any

import pytest
from document_strategies import DEFAULTS, PINS, documents
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.documents import (
    OpenIDConnect,
)
from imis_sso.domain.forms import authority, split_https
from imis_sso.domain.problems import (
    InvalidSettings,
    NotCanonical,
    Problem,
    UnsupportedByConnector,
    UntrustedHost,
)
from imis_sso.domain.trust import Pins
from imis_sso.domain.validation import check_changes, inline_secret


def test_a_secret_together_with_a_reference_is_refused() -> None:
    """contract C24."""
    with pytest.raises(InvalidSettings, match="together with client_secret_ref") as caught:
        inline_secret(OpenIDConnect, {"client_secret": "canary", "client_secret_ref": "a"})
    assert "canary" not in caught.value.detail
    with pytest.raises(InvalidSettings) as both:
        inline_secret(OpenIDConnect, {"client_secret": "***", "client_secret_ref": "a"})
    assert len(both.value.errors) == 2


# --- only what changes ---------------------------------------------------------------------

ODD = {
    "authority_url": "http://EVIL.example:443/#x",
    "client_id": " padded ",
    "email_body": "a\r\nb\x00",
    "external_id_claim_type": "two\nlines",
    "name": "\u2028",
    "redirect_login_url": "https://evil.example/imis",
    "tenant_id": "a tenant",
    "type": "okta",
    "well_known_url": "javascript:x",
}


def check(changes: dict[str, Any], live: dict[str, Any] | None = None, **more: Any) -> None:
    before = DEFAULTS | (live or {})
    check_changes(
        OpenIDConnect, before, before | changes, more.get("pins", PINS), more.get("reach", {})
    )


def check_refused(
    changes: dict[str, Any], live: dict[str, Any] | None = None, **more: Any
) -> Problem:
    with pytest.raises(Problem) as caught:
        check(changes, live, **more)
    return caught.value


def test_whatever_the_product_holds_may_be_sent_back() -> None:
    """contract C2: only changed values are validated."""
    assert all(path in DEFAULTS for path in ODD)
    check({}, ODD)
    check({"set_login_hint": False}, ODD)


@given(
    live=st.fixed_dictionaries(
        {
            path: st.booleans() if isinstance(default, bool) else st.text(max_size=8)
            for path, default in DEFAULTS.items()
        }
    )
)
def test_any_state_at_all_may_be_sent_back(live: dict[str, Any]) -> None:
    """contract C2, with nothing pinned and nothing in reach."""
    reach = dict.fromkeys(DEFAULTS, "is out of reach")
    check_changes(OpenIDConnect, live, dict(live), Pins(None, None), reach)
    assert live.keys() == DEFAULTS.keys()


@pytest.mark.parametrize(
    ("path", "value", "canonical"),
    [
        ("authority_url", "https://SSO.example.org", "https://sso.example.org"),
        ("well_known_url", "https://sso.example.org:443/a", "https://sso.example.org/a"),
        ("redirect_login_url", "https://members.example.org", "https://members.example.org/"),
        ("client_id", " a", "a"),
        ("name", "a\n", "a"),
        ("email_body", "a\r\nb", "a\nb"),
        ("user_authentication.claim_value", "1 ", "1"),
    ],
)
def test_a_changed_value_that_is_not_canonical_names_its_canonical_form(
    path: str, value: str, canonical: str
) -> None:
    """contract C10."""
    problem = check_refused({path: value})
    assert type(problem) is NotCanonical
    assert [(each.field, each.canonical) for each in problem.errors] == [(path, canonical)]
    assert f'"{canonical}"' in problem.detail
    check({path: canonical})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("authority_url", "http://sso.example.org"),
        ("well_known_url", "https://u@sso.example.org/"),
        ("redirect_login_url", "https://members.example.org/imis"),
        ("name", "a\nb"),
        ("email_body", "\x00"),
    ],
)
def test_a_changed_value_without_a_canonical_form_is_invalid(path: str, value: str) -> None:
    problem = check_refused({path: value})
    assert type(problem) is InvalidSettings
    assert [(each.field, each.canonical) for each in problem.errors] == [(path, None)]


def test_the_empty_text_is_canonical_for_every_text_field() -> None:
    """contract C9: it unsets, and meets neither form nor pin."""
    live = {path: "x" for path, value in DEFAULTS.items() if isinstance(value, str)}
    check(dict.fromkeys((path for path in live if path != "type"), ""), live | {"type": "other"})
    assert "authority_url" in live


def test_a_changed_address_outside_its_pins_is_untrusted() -> None:
    """contract C45: sso hosts for authority and well-known, iMIS hosts for the redirect."""
    problem = check_refused(
        {
            "authority_url": "https://members.example.org",
            "well_known_url": "https://evil.example/",
            "redirect_login_url": "https://sso.example.org/",
        }
    )
    assert type(problem) is UntrustedHost
    assert [each.field for each in problem.errors] == [
        "authority_url",
        "redirect_login_url",
        "well_known_url",
    ]
    assert "sso_hosts" in problem.errors[0].detail
    assert "imis_hosts" in problem.errors[1].detail
    check(
        {
            "authority_url": "https://sso.example.org",
            "well_known_url": "https://sso.example.org/x",
            "redirect_login_url": "https://members.example.org/",
        }
    )


def test_a_field_out_of_reach_cannot_be_changed() -> None:
    """contract 1.1: 422 naming the connector that can; its live value may be sent back."""
    reach = {"email_body": "is out of reach of a; b can set it"}
    problem = check_refused({"email_body": "\x00"}, reach=reach)
    assert type(problem) is UnsupportedByConnector
    assert problem.detail == "email_body is out of reach of a; b can set it."
    check({"name": "b"}, {"email_body": "x"}, reach=reach)


@pytest.mark.parametrize(
    ("live", "changes", "refused"),
    [
        ({"type": "okta"}, {"tenant_id": "t"}, True),
        ({"type": "other"}, {"tenant_id": "t"}, True),
        ({"type": "entra_id"}, {"tenant_id": "t"}, False),
        ({"type": "okta"}, {"tenant_id": "t", "type": "entra_id"}, False),
        ({"type": "entra_id", "tenant_id": "t"}, {"type": "okta"}, True),
        ({"type": "entra_id", "tenant_id": "t"}, {"type": "okta", "tenant_id": ""}, False),
        ({"type": "okta", "tenant_id": "t"}, {"name": "n"}, False),
        ({"type": "okta", "tenant_id": "t"}, {"tenant_id": "u"}, True),
        ({"type": "okta", "tenant_id": "t"}, {"tenant_id": ""}, False),
        ({"type": "okta", "tenant_id": "t"}, {"type": "other"}, True),
    ],
)
def test_a_tenant_only_with_entra(
    live: dict[str, Any], changes: dict[str, Any], refused: bool
) -> None:
    """contract 1.1, C2: a rule over fields runs when any of them changes."""
    if not refused:
        check(changes, live)
        return
    problem = check_refused(changes, live)
    assert type(problem) is InvalidSettings
    assert [each.field for each in problem.errors] == ["tenant_id"]
    assert "entra_id" in problem.detail


def test_all_violations_of_changed_values_are_listed() -> None:
    """contract C2."""
    problem = check_refused(
        {
            "authority_url": "https://evil.example",
            "client_id": " a",
            "name": "a\nb",
            "tenant_id": "t",
            "email_body": "x",
        },
        reach={"email_body": "is out of reach"},
    )
    assert type(problem) is UntrustedHost
    assert [each.field for each in problem.errors] == [
        "authority_url",
        "client_id",
        "email_body",
        "name",
        "tenant_id",
    ]


@given(pair=st.tuples(documents(OpenIDConnect), documents(OpenIDConnect)))
def test_every_valid_document_may_follow_every_other(
    pair: tuple[OpenIDConnect, OpenIDConnect],
) -> None:
    """With its hosts pinned, a valid document is accepted from any state."""

    live, wanted = (each.values() for each in pair)
    trusted = [wanted[each.path] for each in OpenIDConnect.settings() if each.trust]
    pinned = frozenset(authority(split_https(str(each))) for each in trusted if each)
    pins = Pins(pinned, pinned)
    check_changes(OpenIDConnect, live, wanted, pins, {})
    assert live.keys() == wanted.keys()
