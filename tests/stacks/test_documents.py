"""What a settings file declares, before anything of Terraform comes into it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from stack_runs import ENVIRONMENTS

from imis_sso_stacks.documents import IMIS_CLIENT, Declared, Shown, declared
from imis_sso_stacks.settings import OpenIDConnect, OpenIDConnectField, Settings

FIELDS = [
    name for name in OpenIDConnect.model_fields if name not in {"unmanaged", "user_authentication"}
]


def of(environment: str, **openid_connect: Any) -> tuple[Declared, ...]:
    """Give what one of the settings files declares, with keys of the page added."""
    data = yaml.safe_load(ENVIRONMENTS[environment])
    data["openid_connect"].update(openid_connect)
    return declared(Settings.model_validate(data))


def page(environment: str, **openid_connect: Any) -> dict[str, Any]:
    """Give the body of imis/openid-connect."""
    return of(environment, **openid_connect)[0].body


def test_what_is_left_out_is_what_cloud_sso_shows_else_the_default() -> None:
    """Contract 8: client id, secret, issuer, discovery URL; ``email_body`` only when set."""
    assert page("least") == {
        "authority_url": Shown(IMIS_CLIENT, "issuer"),
        "client_id": Shown(IMIS_CLIENT, "client_id"),
        "client_secret_ref": "cloud-sso-imis-client",
        "client_secret_version": Shown(IMIS_CLIENT, "client_secret_version"),
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "redirect_login_url": "https://members-test.example.org/",
        "require_public_users": False,
        "set_login_hint": True,
        "tenant_id": "",
        "type": "okta",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
        "well_known_url": Shown(IMIS_CLIENT, "discovery_url"),
    }


def test_what_is_said_is_declared_as_it_was_said() -> None:
    """Contract C10: values pass verbatim; the version is that of the named secret (C21)."""
    said = yaml.safe_load(ENVIRONMENTS["full"])["openid_connect"]
    assert page("full") == said | {"client_secret_version": Shown("secrets/vaulted", "version")}


def test_documents_stand_in_the_order_of_writing() -> None:
    """Contract 1.2: iMIS settings, then the redirect at Cloud SSO, then the mode."""
    assert [document.path for document in of("least")] == [
        "imis/openid-connect",
        "cloud-sso/imis-sso-settings",
        "imis/oidc-authentication",
    ]
    assert [document.body for document in of("least")[1:]] == [
        {"redirect_url": "https://members-test.example.org/"},
        {"mode": "test_mode"},
    ]


def test_a_document_left_to_the_product_is_not_declared() -> None:
    """An empty body would be a managed document that manages nothing."""
    assert [document.path for document in of("partial")] == ["imis/openid-connect"]


def test_unmanaged_fields_are_dropped_at_every_depth() -> None:
    """Contract C2: a partial declaration keeps what it does not name."""
    body = page("partial")
    assert body["user_authentication"] == {"claim_value": "1"}
    assert {"client_id", "client_secret_ref", "client_secret_version"}.isdisjoint(body)


def test_an_object_without_managed_fields_is_dropped() -> None:
    """Both fields of the object left out leave no empty object behind."""
    names = ["user_authentication.claim_type", "user_authentication.claim_value"]
    assert "user_authentication" not in page("least", unmanaged=names)


def test_without_a_reference_there_is_no_version_to_read() -> None:
    """Contract C23: reference "" with the shown version keeps the secret and forgets the name."""
    body = page("least", client_secret_ref="")
    assert body["client_secret_ref"] == ""
    assert "client_secret_version" not in body


def test_a_version_that_is_said_is_the_reviewed_one() -> None:
    """A pinned version makes a rotation a reviewed change of the settings file."""
    pinned = {"client_secret_version": "v1-0"}
    assert page("least", **pinned)["client_secret_version"] == "v1-0"


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_can_be_left_unmanaged(field: OpenIDConnectField) -> None:
    """Contract 8: ``unmanaged: [field…]`` takes exactly that field out."""
    full = page("least")
    more = {"redirect_login_url": None} if field == "redirect_login_url" else {}
    data = yaml.safe_load(ENVIRONMENTS["least"]) | {"cloud_sso": {"redirect_url": "https://x/"}}
    data["openid_connect"] = {
        key: value
        for key, value in (data["openid_connect"] | more | {"unmanaged": [field]}).items()
        if value is not None
    }
    body = declared(Settings.model_validate(data))[0].body
    assert body == {key: value for key, value in full.items() if key != field}


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(), max_size=4))
def test_keys_are_sorted_so_that_reviews_are_stable(said: dict[str, Any]) -> None:
    """The same settings give the same text, in whatever order they were written."""
    texts = {"require_public_users", "set_login_hint", "type", "client_secret_ref"}
    said = {key: value for key, value in said.items() if key not in texts}
    body = page("least", **said)
    assert list(body) == sorted(body)
    assert {key: body[key] for key in said} == said
