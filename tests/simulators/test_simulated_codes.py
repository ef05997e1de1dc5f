"""The token endpoint of the simulated Cloud SSO, with codes that were really given out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from imis_sso.simulators import CloudSsoModel, Simulation
from imis_sso.simulators.people import somebody
from imis_sso.simulators.seen import seen

REDIRECT = "https://members.example.org/"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-of-rfc-7636"


@pytest.fixture
def codes(
    simulation: Simulation, sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> Callable[..., httpx.QueryParams]:
    """A way to have a person sign in, and to see what the client is answered."""
    cloud_sso.patch({"redirect_url": REDIRECT})
    person = somebody("okta")
    password = simulation.directory("test").password
    answers = {"E-mail": person.email, "Directory": "Example org"}
    answers |= {"User name": person.email, "Password": password}

    def signed_in(**more: str) -> httpx.QueryParams:
        query = {
            "client_id": cloud_sso.client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid",
            "state": "s",
            "nonce": "n",
        }
        answer = sso_client.get("/oauth2/authorize", params=query | more)
        while not answer.headers.get("Location", "").startswith(REDIRECT):
            if answer.next_request is not None:
                answer = sso_client.send(answer.next_request)
                continue
            form = seen(answer.text).form
            assert form is not None, answer.text
            answer = sso_client.post(answer.url.join(form.action), data=form.filled(answers))
        return httpx.URL(answer.headers["Location"]).params

    return signed_in


def redeem(client: httpx.Client, model: CloudSsoModel, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
        "client_id": model.client_id,
        "client_secret": model.client_secret,
    }
    return client.post("/oauth2/token", data=form | changes)


def test_a_code_gives_an_id_token_that_can_be_verified(
    codes: Callable[..., httpx.QueryParams], sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    """OpenID Connect Core 1.0, 3.1.3.3; product facts 2: `external_id`, and `staff` as text."""
    answered = codes()
    assert (answered["state"], answered["iss"]) == ("s", cloud_sso.issuer)
    tokens = redeem(sso_client, cloud_sso, code=answered["code"]).json()
    keys = KeySet.import_key_set(sso_client.get("/oauth2/jwks").json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    expected = {"iss": cloud_sso.issuer, "aud": cloud_sso.client_id, "nonce": "n"}
    person = somebody("okta")
    expected |= {"external_id": person.external_id, "staff": "1", "email": person.email}
    assert claims.items() >= expected.items()
    assert claims["sub"] != claims["external_id"]


def test_a_code_is_good_once(
    codes: Callable[..., httpx.QueryParams], sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    """RFC 6749 4.1.2."""
    code = codes()["code"]
    assert redeem(sso_client, cloud_sso, code=code).status_code == 200
    assert redeem(sso_client, cloud_sso, code=code).json() == {"error": "invalid_grant"}


def test_basic_credentials_redeem_it_too(
    codes: Callable[..., httpx.QueryParams], sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    pair = f"{quote_plus(cloud_sso.client_id)}:{quote_plus(cloud_sso.client_secret)}"
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code": codes()["code"]}
    assert sso_client.post("/oauth2/token", data=form, headers=headers).status_code == 200


@pytest.mark.parametrize("redirect_uri", ["", "https://members.example.org", f"{REDIRECT}path"])
def test_the_redirect_must_be_the_one_it_was_sent_to(
    codes: Callable[..., httpx.QueryParams],
    sso_client: httpx.Client,
    cloud_sso: CloudSsoModel,
    redirect_uri: str,
) -> None:
    """RFC 6749 4.1.3."""
    answer = redeem(sso_client, cloud_sso, code=codes()["code"], redirect_uri=redirect_uri)
    assert answer.json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("verifier", "status"), [(VERIFIER, 200), (f"{VERIFIER}x", 400), ("", 400)]
)
def test_a_challenge_must_be_met(
    codes: Callable[..., httpx.QueryParams],
    sso_client: httpx.Client,
    cloud_sso: CloudSsoModel,
    verifier: str,
    status: int,
) -> None:
    """RFC 7636 4.6."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    code = codes(code_challenge=challenge, code_challenge_method="S256")["code"]
    assert redeem(sso_client, cloud_sso, code=code, code_verifier=verifier).status_code == status


def test_a_public_client_has_no_wrong_secret(
    codes: Callable[..., httpx.QueryParams], sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    """verification.md: a wrong secret proves nothing there, so the control must show it."""
    cloud_sso.patch({"client_type": "public"})
    code = codes()["code"]
    assert redeem(sso_client, cloud_sso, code=code, client_secret="any").status_code == 200
    answer = redeem(sso_client, cloud_sso, code="made-up", client_secret="random")
    assert answer.json() == {"error": "invalid_grant"}


def test_a_disabled_client_is_refused_at_both_ends(
    codes: Callable[..., httpx.QueryParams], sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    """verification.md: page and refused."""
    code = codes()["code"]
    cloud_sso.patch({"client_status": "disabled"})
    query = {"client_id": cloud_sso.client_id, "redirect_uri": REDIRECT, "prompt": "none"}
    assert sso_client.get("/oauth2/authorize", params=query).status_code == 400
    assert redeem(sso_client, cloud_sso, code=code).json() == {"error": "invalid_client"}


def test_a_pattern_takes_every_path(sso_client: httpx.Client, cloud_sso: CloudSsoModel) -> None:
    """verification.md: what a second control must find out."""
    cloud_sso.patch({"redirect_url": f"{REDIRECT}*", "redirect_match": "pattern"})
    query = {"client_id": cloud_sso.client_id, "response_type": "code", "scope": "openid"}
    for redirect_uri, status in [(f"{REDIRECT}x/y", 302), ("https://else.example.org/", 400)]:
        asked = query | {"redirect_uri": redirect_uri, "prompt": "none"}
        assert sso_client.get("/oauth2/authorize", params=asked).status_code == status


@pytest.mark.parametrize(
    ("state", "algorithms", "keys"),
    [
        ({}, ["RS256"], [("sig", "RS256")]),
        ({"signing_algorithm": "RS512"}, ["RS512"], [("sig", "RS512")]),
        ({"signing_algorithm": "HS512"}, ["HS512"], []),
        ({"published_keys": "none"}, ["RS256"], []),
        ({"published_keys": "encryption"}, ["RS256"], [("enc", "RSA-OAEP")]),
    ],
)
def test_keys_published(
    sso_client: httpx.Client,
    cloud_sso: CloudSsoModel,
    state: dict[str, Any],
    algorithms: list[str],
    keys: list[tuple[str, str]],
) -> None:
    """product facts 4.4."""
    cloud_sso.patch(state)
    metadata = sso_client.get("/.well-known/openid-configuration").json()
    assert metadata["id_token_signing_alg_values_supported"] == algorithms
    found = sso_client.get("/oauth2/jwks").json()["keys"]
    assert [(key["use"], key["alg"]) for key in found] == keys


@pytest.mark.parametrize(
    "changes",
    [
        {"client_type": "other"},
        {"certificate": True},
        {"directories": {"ldap": {}}},
        {"directories": {"okta": {"number": 7}}},
        {"directories": {"okta": {"claims": {"role": "x"}}}, "client_id": "changed"},
    ],
)
def test_control_api_changes_all_or_nothing(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel, changes: dict[str, Any]
) -> None:
    before = cloud_sso.state()
    assert sso_client.patch("/_control/state", json=changes).status_code == 422
    assert cloud_sso.state() == before


def test_control_api_changes_a_directory(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    changes = {"directories": {"okta": {"claims": {"staff": "role"}, "enable_pkce": False}}}
    shown = sso_client.patch("/_control/state", json=changes).json()["directories"]["okta"]
    assert (shown["claims"]["staff"], shown["claims"]["external_id"]) == ("role", "sub")
    assert shown["enable_pkce"] is False
    cloud_sso.reset(state=True)
    assert cloud_sso.directories["okta"].enable_pkce is True
