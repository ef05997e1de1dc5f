"""What every settings document promises (contract 1.1, C8-C12)."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from document_strategies import WRITABLE, any_document, documents
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from imis_sso.domain.documents import (
    Document,
    ImisClient,
    ImisSsoSettings,
    OidcAuthentication,
    OpenIDConnect,
    flatten,
    nested,
)
from imis_sso.domain.documents.base import SecretKeys, setting
from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.forms import Text

ALL = (*WRITABLE, ImisClient)

CONTRACT = {
    "authority_url": "",
    "client_id": "",
    "client_secret_ref": "",
    "client_secret_version": "",
    "email_body": "",
    "external_id_claim_type": "external_id",
    "name": "Cloud SSO",
    "redirect_login_url": "",
    "require_public_users": False,
    "set_login_hint": True,
    "tenant_id": "",
    "type": "okta",
    "user_authentication": {"claim_type": "staff", "claim_value": "1"},
    "well_known_url": "",
}


def test_the_openid_connect_document_is_the_contracts() -> None:
    """contract 1.1: names and defaults, the recipe's own values."""
    assert OpenIDConnect().model_dump() == CONTRACT


def test_the_other_documents_are_the_contracts() -> None:
    """contract section 1."""
    assert OidcAuthentication().model_dump() == {"mode": "disabled"}
    assert ImisSsoSettings().model_dump() == {"redirect_url": ""}
    assert ImisClient().model_dump() == {
        "client_id": "",
        "client_secret_version": "",
        "discovery_url": "",
        "issuer": "",
    }


def test_settings_say_everything_that_was_declared() -> None:
    """One declaration: label, default, form, choices, marks."""
    found = {each.path: each for each in OpenIDConnect.settings()}
    assert list(found) == [path for path in flatten(CONTRACT) if "secret" not in path]
    kind = found["type"]
    assert (kind.kind, kind.choices, kind.form) == ("choice", ("entra_id", "okta", "other"), None)
    hint = found["set_login_hint"]
    assert (hint.kind, hint.default, hint.critical, hint.portable) == ("boolean", True, False, True)
    claim = found["user_authentication.claim_value"]
    assert (claim.label, claim.default, claim.critical) == ("Claim value", "1", True)
    assert claim.form is not None
    assert claim.form.name == "one line of text"
    assert found["authority_url"].trust == found["well_known_url"].trust == "sso"
    assert found["redirect_login_url"].trust == "imis"


def test_the_labels_are_the_vendors() -> None:
    """product facts 2, 4.2."""
    labels = {each.label for model in ALL for each in model.settings()}
    assert labels >= {
        "OIDC authentication",
        "Type",
        "Name",
        "Client ID",
        "Well-Known URL",
        "Authority URL",
        "Redirect login URL",
        "External ID claim type",
        "Set login hint",
        "Claim type",
        "Claim value",
        "Email body",
        "Discovery (Well-Known) URL",
        "Issuer",
        "Redirect URL",
    }


def test_what_can_break_sign_in_is_critical() -> None:
    """contract 1.2: issuer, URLs, client, claims, redirect."""
    critical = {each.path for model in ALL for each in model.settings() if each.critical}
    assert critical == {
        "authority_url",
        "client_id",
        "external_id_claim_type",
        "redirect_login_url",
        "redirect_url",
        "require_public_users",
        "tenant_id",
        "type",
        "user_authentication.claim_type",
        "user_authentication.claim_value",
        "well_known_url",
    }


def test_every_setting_is_documented() -> None:
    for model in ALL:
        for each in model.settings():
            assert each.text.endswith("."), each.path
            assert each.label != each.path
        assert model.__doc__


def test_the_keys_of_the_secret() -> None:
    """contract C21-C24."""
    keys = OpenIDConnect.secret
    assert keys is not None
    assert (keys.inline, keys.ref, keys.version, keys.label) == (
        "client_secret",
        "client_secret_ref",
        "client_secret_version",
        "Client Secret",
    )
    assert {keys.ref, keys.version} <= set(OpenIDConnect.model_fields)
    assert ImisSsoSettings.secret is None


@given(document=any_document())
def test_a_document_is_complete_and_without_nulls(document: Document) -> None:
    """contract C8, C9."""
    flat = flatten(document.model_dump())
    assert set(flat) >= {each.path for each in type(document).settings()}
    assert all(isinstance(value, str | bool) for value in flat.values())


@given(document=any_document())
def test_values_and_of_are_inverse(document: Document) -> None:
    model = type(document)
    assert model.of(document.values()).values() == document.values()
    assert model.of({}) == model()
    assert set(document.values()) == set(model.defaults())


@pytest.mark.parametrize("model", ALL)
def test_the_defaults_are_those_of_an_empty_document(model: type[Document]) -> None:
    assert model.defaults() == model().values()


@given(document=documents(OpenIDConnect))
def test_a_document_cannot_be_changed(document: OpenIDConnect) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        document.client_id = "a"  # type: ignore[misc]


@pytest.mark.parametrize("value", [1, 0, "true", None, [], 1.0])
def test_a_boolean_is_never_coerced(value: Any) -> None:
    """contract C11: no coercion."""
    with pytest.raises(ValidationError):
        OpenIDConnect(set_login_hint=value)


TREES = st.recursive(
    st.text() | st.booleans() | st.integers() | st.lists(st.text(), max_size=2),
    lambda inner: st.dictionaries(
        st.text(st.characters(exclude_characters="."), min_size=1), inner, min_size=1, max_size=4
    ),
    max_leaves=10,
)


@given(tree=st.dictionaries(st.text(st.characters(exclude_characters="."), min_size=1), TREES))
def test_nested_undoes_flatten(tree: dict[str, Any]) -> None:
    assert nested(flatten(tree)) == tree


@given(paths=st.dictionaries(st.sampled_from(["a", "b.c", "b.d.e", "f.g"]), st.booleans()))
def test_flatten_undoes_nested(paths: dict[str, bool]) -> None:
    assert flatten(nested(paths)) == paths


def test_a_new_boolean_field_is_one_declaration() -> None:
    """Issue: adding a boolean takes the model's line; everything else is derived."""

    class Wider(Document):
        secret: ClassVar[SecretKeys | None] = SecretKeys("key", "Key")
        key_ref: str = ""
        key_version: str = ""
        bare: Text = ""
        new: bool = setting("New", default=False, text="A new one.", critical=True)

    assert [each.path for each in Wider.settings()] == ["bare", "new"]
    new = Wider.settings()[1]
    assert (new.label, new.default, new.kind, new.critical) == ("New", False, "boolean", True)
    bare = Wider.settings()[0]
    assert (bare.label, bare.text, bare.critical, bare.trust) == ("bare", "", False, None)


def test_the_modes_have_an_order() -> None:
    """product facts 3.1."""
    choices = OidcAuthentication.settings()[0].choices
    assert sorted(choices, key=RANK.__getitem__) == ["disabled", "test_mode", "enabled"]
