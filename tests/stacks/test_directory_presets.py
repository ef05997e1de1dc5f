"""The presets of directories: whole documents, and what the vendor's guide demands (facts 4.3)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from stack_runs import ENVIRONMENTS

from imis_sso_stacks.directories import Directory
from imis_sso_stacks.documents import Shown, declared
from imis_sso_stacks.settings import Settings

SAID: dict[str, Any] = {"name": "Staff", "client_id": "c"}
COGNITO = ("us-east-1", "us-east-1_Ab12", "login.example.org")
PLAIN = {
    "authorization_url": "https://id.example.org/a",
    "token_url": "https://id.example.org/t",
    "userinfo_url": "https://id.example.org/u",
    "issuer": "https://id.example.org",
}


def test_cognito_has_the_guides_addresses_and_switches() -> None:
    assert Directory.cognito(*COGNITO, **SAID).document() == {
        "authorization_url": "https://login.example.org/oauth2/authorize",
        "claims": {
            "email": "email",
            "external_id": "sub",
            "first_name": "given_name",
            "last_name": "family_name",
            "staff": "",
        },
        "client_id": "c",
        "client_secret_ref": "",
        "discovery_domain": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab12/.well-known/jwks.json",
        "enable_pkce": True,
        "enable_response_mode_form_post": False,
        "enable_token_endpoint_basic_auth": False,
        "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab12",
        "name": "Staff",
        "scopes": "openid profile email",
        "token_url": "https://login.example.org/oauth2/token",
        "userinfo_url": "https://login.example.org/oauth2/userinfo",
    }
    prefixed = Directory.cognito("eu-west-1", "eu-west-1_x", "acme", **SAID).document()
    host = "https://acme.auth.eu-west-1.amazoncognito.com"
    assert prefixed["token_url"] == f"{host}/oauth2/token"


def test_entra_and_okta_have_theirs() -> None:
    entra = Directory.entra("7b1e5f00", **SAID).document()
    base = "https://login.microsoftonline.com/7b1e5f00"
    assert entra["issuer"] == f"{base}/v2.0"
    assert entra["token_url"] == f"{base}/oauth2/v2.0/token"
    assert entra["userinfo_url"] == "https://graph.microsoft.com/oidc/userinfo"
    org = Directory.okta("acme", **SAID).document()
    assert (org["issuer"], org["token_url"]) == (
        "https://acme.okta.com",
        "https://acme.okta.com/oauth2/v1/token",
    )
    server = Directory.okta("id.acme.org", "default", **SAID).document()
    assert (server["issuer"], server["userinfo_url"]) == (
        "https://id.acme.org/oauth2/default",
        "https://id.acme.org/oauth2/default/v1/userinfo",
    )


@pytest.mark.parametrize(
    ("make", "more", "field"),
    [
        (lambda more: Directory.cognito(*COGNITO, **more), {"scopes": "openid"}, "scopes"),
        (lambda more: Directory.cognito(*COGNITO, **more), {"enable_pkce": False}, "enable_pkce"),
        (
            lambda more: Directory.cognito(*COGNITO, **more),
            {"enable_response_mode_form_post": True},
            "enable_response_mode_form_post",
        ),
        (
            lambda more: Directory.cognito(*COGNITO, **more),
            {"enable_token_endpoint_basic_auth": True},
            "enable_token_endpoint_basic_auth",
        ),
        (lambda more: Directory.cognito("eu-west-1", *COGNITO[1:], **more), {}, "pool_id"),
        (lambda more: Directory.entra("common", **more), {}, "tenant"),
        (
            lambda more: Directory.entra("7b1e", **more),
            {"userinfo_url": "https://login.microsoftonline.com/u"},
            "userinfo_url",
        ),
        (Directory.model_validate, {}, "authorization_url"),
        (lambda more: Directory.model_validate(PLAIN | more), {"name": ""}, "name"),
    ],
)
def test_what_a_preset_demands_is_held(make: Any, more: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as found:
        make(SAID | more)
    (error,) = found.value.errors()
    assert (*error["loc"], *error["ctx"]["at"])[-1] == field


def test_directories_stand_before_the_mode_with_the_version_of_their_secret() -> None:
    data = yaml.safe_load(ENVIRONMENTS["least"])
    staff = SAID | PLAIN | {"client_secret_ref": "staff", "unmanaged": ["scopes", "claims.staff"]}
    members = SAID | {"preset": {"kind": "entra", "tenant": "7b1e"}, "exists": True}
    documents = declared(
        Settings.model_validate(data | {"directories": {"b": staff, "a": members}})
    )
    assert [(each.path, each.imported) for each in documents] == [
        ("imis/openid-connect", True),
        ("cloud-sso/imis-sso-settings", True),
        ("cloud-sso/directories/a", True),
        ("cloud-sso/directories/b", False),
        ("imis/oidc-authentication", True),
    ]
    body = documents[3].body
    assert body["client_secret_version"] == Shown("secrets/staff", "version")
    assert "scopes" not in body
    assert "staff" not in body["claims"]  # type: ignore[operator]
    assert "client_secret_version" not in documents[2].body
