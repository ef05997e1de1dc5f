"""Checking what a caller sends (contract C2, C9-C12, C24, C45; product facts 5)."""

from __future__ import annotations

from typing import Any

import pytest
from document_strategies import documents
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.documents import (
    Document,
    ImisClient,
    ImisSsoSettings,
    OidcAuthentication,
    OpenIDConnect,
)
from imis_sso.domain.forms import authority, split_https
from imis_sso.domain.problems import (
    InvalidSettings,
    NotCanonical,
    Problem,
    UnknownField,
    UnsupportedByConnector,
    UntrustedHost,
)
from imis_sso.domain.secret import Secret
from imis_sso.domain.trust import Pins
from imis_sso.domain.validation import MAX_SECRET, check_changes, check_shape, inline_secret
from imis_sso.domain.violations import MAX_SAID

PINS = Pins(frozenset({"sso.example.org"}), frozenset({"members.example.org"}))
DEFAULTS = OpenIDConnect.defaults()


def refusal(document: type[Document], body: dict[str, Any]) -> Problem:
    with pytest.raises(Problem) as caught:
        check_shape(document, body)
    assert caught.value.status == 422
    return caught.value


@pytest.mark.parametrize(
    ("document", "body", "field", "words"),
    [
        (OpenIDConnect, {"clientid": "a"}, "clientid", "client_id"),
        (OpenIDConnect, {"Client_ID": "a"}, "Client_ID", "client_id"),
        (OpenIDConnect, {"authority": "a"}, "authority", "authority_url"),
        (
            OpenIDConnect,
            {"client_secret_reference": "a"},
            "client_secret_reference",
            "client_secret_ref",
        ),
        (OpenIDConnect, {"client_secrets": "a"}, "client_secrets", "client_secret"),
        (OpenIDConnect, {"mode": "enabled"}, "mode", "name"),
        (OpenIDConnect, {"id": "x"}, "id", "client_id"),
        (OpenIDConnect, {"": "x"}, "", "authority_url"),
        (OidcAuthentication, {"mdoe": "enabled"}, "mdoe", "mode"),
        (ImisSsoSettings, {"redirect_uri": ""}, "redirect_uri", "redirect_url"),
        (ImisClient, {"client_secret_ref": ""}, "client_secret_ref", "client_secret_version"),
        (
            OpenIDConnect,
            {"user_authentication": {"claimtype": "a"}},
            "user_authentication.claimtype",
            "user_authentication.claim_type",
        ),
        (
            OpenIDConnect,
            {"user_authentication": {"value": "a"}},
            "user_authentication.value",
            "user_authentication.claim_value",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    document: type[Document], body: dict[str, Any], field: str, words: str
) -> None:
    """contract C11, at every depth."""
    problem = refusal(document, body)
    assert type(problem) is UnknownField
    assert [each.field for each in problem.errors] == [field]
    assert problem.errors[0].detail.endswith(f"the nearest known key is {words}")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"name": 1}, "name", "must be a text, not a number"),
        ({"name": 1.5}, "name", "must be a text, not a number"),
        ({"name": True}, "name", "must be a text, not a boolean"),
        ({"name": []}, "name", "must be a text, not a list"),
        ({"name": {}}, "name", "must be a text, not an object"),
        ({"name": None}, "name", 'must be a text, not null ("unset" is "")'),
        ({"set_login_hint": "true"}, "set_login_hint", "must be true or false, not a text"),
        ({"set_login_hint": 1}, "set_login_hint", "must be true or false, not a number"),
        ({"set_login_hint": None}, "set_login_hint", "must be true or false, not null"),
        ({"type": "Okta"}, "type", 'must be "entra_id", "okta" or "other", not "Okta"'),
        ({"type": ""}, "type", 'must be "entra_id", "okta" or "other", not ""'),
        ({"type": 1}, "type", 'must be "entra_id", "okta" or "other", not a number'),
        ({"type": None}, "type", 'must be "entra_id", "okta" or "other", not null'),
        ({"user_authentication": "staff"}, "user_authentication", "must be an object, not a text"),
        ({"user_authentication": None}, "user_authentication", "must be an object, not null"),
        (
            {"user_authentication": {"claim_value": 1}},
            "user_authentication.claim_value",
            "must be a text, not a number",
        ),
        (
            {"user_authentication": {"claim_value": None}},
            "user_authentication.claim_value",
            'must be a text, not null ("unset" is "")',
        ),
        ({"client_secret_version": None}, "client_secret_version", "must be a text, not null"),
        ({"client_secret_ref": 5}, "client_secret_ref", "must be a text, not a number"),
    ],
)
def test_a_wrong_type_is_refused_with_the_expected_one(
    body: dict[str, Any], field: str, words: str
) -> None:
    """contract C9, C11: no nulls, no coercion."""
    problem = refusal(OpenIDConnect, body)
    assert type(problem) is InvalidSettings
    assert [each.field for each in problem.errors] == [field]
    assert words in problem.errors[0].detail
    assert words in problem.detail


def test_every_fault_of_the_shape_is_listed() -> None:
    """contract C2: all violations."""
    body = {"name": 1, "nmae": 2, "type": "x", "user_authentication": {"claim_typ": 3}}
    problem = refusal(OpenIDConnect, body)
    assert type(problem) is InvalidSettings
    assert {each.field for each in problem.errors} == {
        "name",
        "nmae",
        "type",
        "user_authentication.claim_typ",
    }
    assert all(each.field in problem.detail for each in problem.errors)


def test_a_very_long_list_of_faults_is_said_shortly_and_listed_in_full() -> None:
    """contract C30: one short object; all of them in `errors`."""
    problem = refusal(OpenIDConnect, {f"key{number}": 1 for number in range(500)})
    assert len(problem.errors) == 500
    assert problem.detail.endswith(f"and {500 - MAX_SAID} more.")
    assert len(problem.detail) < 2500


def test_a_very_long_key_or_value_is_not_echoed_in_full() -> None:
    """contract C30."""
    problem = refusal(OpenIDConnect, {"k" * 5000: 1, "type": "v" * 5000})
    assert len(problem.detail) < 500


@given(document=documents(OpenIDConnect))
def test_every_valid_document_has_the_right_shape(document: OpenIDConnect) -> None:
    body = document.model_dump()
    check_shape(OpenIDConnect, body)
    assert OpenIDConnect.model_validate(body) == document


def shape_problem(body: dict[str, Any]) -> Problem | None:
    try:
        check_shape(OpenIDConnect, body)
    except Problem as problem:
        return problem
    return None


KEYS = st.sampled_from([*OpenIDConnect.model_fields, "nmae", "x"])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(body=st.dictionaries(KEYS, ANY, max_size=5))
def test_whatever_is_sent_is_either_a_document_or_a_422(body: dict[str, Any]) -> None:
    """contract C11: never a failure of ours."""
    problem = shape_problem(body)
    if problem is None:
        assert OpenIDConnect.model_validate(body)
    else:
        assert problem.status == 422
        assert problem.errors
        assert all(each.detail for each in problem.errors)


# --- the inline secret ---------------------------------------------------------------------


def test_an_absent_secret_keeps() -> None:
    """contract C24."""
    assert inline_secret(OpenIDConnect, {"name": "a"}) is None
    assert inline_secret(OidcAuthentication, {"client_secret": "a"}) is None


@pytest.mark.parametrize("value", ["a", "p w", "*a*", "pä✓", "x" * MAX_SECRET])
def test_a_secret_is_taken_as_it_is(value: str) -> None:
    assert inline_secret(OpenIDConnect, {"client_secret": value}) == Secret(value)
    assert inline_secret(
        OpenIDConnect, {"client_secret": value, "client_secret_ref": ""}
    ) == Secret(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "must not be empty"),
        (None, "must be a text, not null"),
        (1, "must be a text, not a number"),
        (["s"], "must be a text, not a list"),
        ({"a": "s"}, "must be a text, not an object"),
        (True, "must be a text, not a boolean"),
        ("********", "is only a mask"),
        ("•••", "is only a mask"),
        ("---", "is only a mask"),
        ("*•-", "is only a mask"),
        (" canary", "without white space"),
        ("canary\n", "without white space"),
        ("can\u00a0ary", "printable"),
        ("can\nary", "printable"),
        ("can\x00ary", "printable"),
        ("can\ud800ary", "printable"),
        ("canary" * 1000, f"at most {MAX_SECRET}"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_and_never_shown(value: Any, words: str) -> None:
    """contract C20, C24: `""` and masks → 422, never stored."""
    with pytest.raises(InvalidSettings) as caught:
        inline_secret(OpenIDConnect, {"client_secret": value})
    assert [each.field for each in caught.value.errors] == ["client_secret"]
    assert words in caught.value.detail
    assert "canary" not in caught.value.detail


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
