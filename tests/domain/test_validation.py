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
from imis_sso.domain.problems import (
    InvalidSettings,
    Problem,
    UnknownField,
)
from imis_sso.domain.secret import Secret
from imis_sso.domain.validation import MAX_SECRET, check_shape, inline_secret
from imis_sso.domain.violations import MAX_SAID


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
