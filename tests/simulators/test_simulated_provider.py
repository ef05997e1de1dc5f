"""The OpenID provider of the simulated Cloud SSO, without a user."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import httpx
import pytest
from joserfc.jwk import KeySet

from imis_sso.simulators import CloudSsoModel, Simulation

WELL_KNOWN = "/.well-known/openid-configuration"
REDIRECT = "https://members.example.org/"


@pytest.fixture
def registered(cloud_sso: CloudSsoModel) -> CloudSsoModel:
    """The model with a redirect URL saved."""
    cloud_sso.patch({"redirect_url": REDIRECT})
    return cloud_sso


def request_of(model: CloudSsoModel, **changes: str) -> dict[str, str]:
    query = {
        "client_id": model.client_id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid",
        "prompt": "none",
        "state": "af0ifjsldkj",
        "nonce": "n-0S6_WzA2Mj",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # pragma: allowlist secret
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (query | changes).items() if value}


def code_form(**more: str) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": "made-up", "redirect_uri": REDIRECT}
    return {name: value for name, value in (form | more).items() if value}


def basic(client_id: str, secret: str, encode: Callable[[str], str] = quote_plus) -> dict[str, str]:
    pair = f"{encode(client_id)}:{encode(secret)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


# Discovery 1.0


def test_metadata_names_the_issuer_byte_for_byte(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    metadata = sso_client.get(WELL_KNOWN).json()
    assert metadata["issuer"] == cloud_sso.base_url == cloud_sso.issuer
    assert cloud_sso.discovery_url == cloud_sso.base_url + WELL_KNOWN
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert metadata[name].startswith(cloud_sso.base_url + "/")
    assert metadata["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
    ]


def test_metadata_moves_with_the_discovery_address(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    moved = f"{cloud_sso.base_url}/tenant{WELL_KNOWN}"
    cloud_sso.patch({"discovery_url": moved, "issuer": f"{cloud_sso.base_url}/tenant/"})
    assert sso_client.get(WELL_KNOWN).status_code == 404
    assert sso_client.get(moved).json()["issuer"] == f"{cloud_sso.base_url}/tenant/"


def test_metadata_stays_where_it_is_for_an_address_elsewhere(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    cloud_sso.patch({"discovery_url": f"https://elsewhere.example.org/moved{WELL_KNOWN}"})
    assert sso_client.get(WELL_KNOWN).status_code == 200


def test_metadata_may_name_another_issuer_than_the_page(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    registered.patch({"metadata_issuer": "https://other.example.org"})
    assert sso_client.get(WELL_KNOWN).json()["issuer"] == "https://other.example.org"
    assert registered.issuer == registered.base_url


def test_keys_are_public_and_usable(simulation: Simulation, sso_client: httpx.Client) -> None:
    document = sso_client.get("/oauth2/jwks").json()
    [key] = document["keys"]
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert key["kid"]
    assert key.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi"})
    assert len(KeySet.import_key_set(document).keys) == 1
    assert sso_client.get("/oauth2/jwks").json() == document


# The authorization endpoint


def test_prompt_none_is_redirected_with_login_required(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    answer = sso_client.get("/oauth2/authorize", params=request_of(registered))
    assert answer.status_code == 302
    target, _, query = answer.headers["Location"].partition("?")
    assert target == REDIRECT
    assert parse_qs(query) == {
        "error": ["login_required"],
        "state": ["af0ifjsldkj"],
        "iss": [registered.issuer],
    }


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "https://members.example.org",
        "https://members.example.org/path",
        "https://members.example.org/?query",
        "http://members.example.org/",
        "https://members.example.org:443/",
        "https://MEMBERS.example.org/",
        "https://attacker.example.net/",
    ],
)
def test_unregistered_redirect_is_an_error_page(
    sso_client: httpx.Client, registered: CloudSsoModel, redirect_uri: str
) -> None:
    """RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.1."""
    params = request_of(registered, redirect_uri=redirect_uri)
    assert_error_page(sso_client.get("/oauth2/authorize", params=params))


@pytest.mark.parametrize("client_id", ["", "unknown"])
def test_unknown_client_is_an_error_page(
    sso_client: httpx.Client, registered: CloudSsoModel, client_id: str
) -> None:
    params = request_of(registered, client_id=client_id)
    assert_error_page(sso_client.get("/oauth2/authorize", params=params))


def test_no_redirect_is_registered_at_the_start(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    assert_error_page(sso_client.get("/oauth2/authorize", params=request_of(cloud_sso)))
    assert_error_page(
        sso_client.get("/oauth2/authorize", params=request_of(cloud_sso, redirect_uri=""))
    )


def assert_error_page(answer: httpx.Response) -> None:
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_other_errors_are_redirected(
    sso_client: httpx.Client, registered: CloudSsoModel, changes: dict[str, str], error: str
) -> None:
    answer = sso_client.get("/oauth2/authorize", params=request_of(registered, **changes))
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == [error]


def test_a_redirect_with_a_query_keeps_it(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    cloud_sso.patch({"redirect_url": f"{REDIRECT}?a=b"})
    params = request_of(cloud_sso, redirect_uri=f"{REDIRECT}?a=b", state="")
    location = sso_client.get("/oauth2/authorize", params=params).headers["Location"]
    assert location.startswith(f"{REDIRECT}?a=b&error=login_required")
    assert "state" not in location


def test_without_prompt_none_a_page_is_shown(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    answer = sso_client.get("/oauth2/authorize", params=request_of(registered, prompt=""))
    assert (answer.status_code, "Location" in answer.headers) == (200, False)


def test_authorization_request_is_not_posted(sso_client: httpx.Client) -> None:
    assert sso_client.post("/oauth2/authorize").status_code == 405


# The token endpoint


def test_right_secret_and_made_up_code_is_an_invalid_grant(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    client_id, secret = registered.client_id, registered.client_secret
    form = code_form(client_id=client_id, client_secret=secret)
    for answer in (
        sso_client.post("/oauth2/token", data=code_form(), headers=basic(client_id, secret)),
        sso_client.post("/oauth2/token", data=form),
    ):
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
        assert answer.headers["Cache-Control"] == "no-store"


def test_basic_credentials_are_form_encoded_first(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    """RFC 6749 2.3.1: a raw secret fails exactly like a wrong one."""
    headers = basic(registered.client_id, registered.client_secret, encode=str)
    answer = sso_client.post("/oauth2/token", data=code_form(), headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def wrong_credentials(model: CloudSsoModel) -> list[dict[str, Any]]:
    client_id, secret = model.client_id, model.client_secret
    return [
        {"data": code_form(), "headers": basic(client_id, "wrong")},
        {"data": code_form(), "headers": basic("unknown", secret)},
        {"data": code_form(), "headers": {"Authorization": "Basic not base64"}},
        {"data": code_form(), "headers": {"Authorization": f"Bearer {secret}"}},
        {"data": code_form(client_id=client_id, client_secret="wrong")},
        {"data": code_form(client_id=client_id)},
    ]


@pytest.mark.parametrize("index", range(6))
def test_wrong_secret_is_an_invalid_client(
    sso_client: httpx.Client, registered: CloudSsoModel, index: int
) -> None:
    answer = sso_client.post("/oauth2/token", **wrong_credentials(registered)[index])
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_challenge_follows_the_header_only(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    by_header, by_form = (wrong_credentials(registered)[index] for index in (0, 4))
    challenged = sso_client.post("/oauth2/token", **by_header).headers
    assert challenged["WWW-Authenticate"].startswith("Basic")
    assert "WWW-Authenticate" not in sso_client.post("/oauth2/token", **by_form).headers


def test_method_the_metadata_does_not_list_is_refused(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    registered.patch({"token_methods": ["client_secret_post"]})
    client_id, secret = registered.client_id, registered.client_secret
    headers = basic(client_id, secret)
    assert sso_client.post("/oauth2/token", data=code_form(), headers=headers).status_code == 401
    form = code_form(client_id=client_id, client_secret=secret)
    assert sso_client.post("/oauth2/token", data=form).json() == {"error": "invalid_grant"}


def test_two_methods_at_once_are_an_invalid_request(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    client_id, secret = registered.client_id, registered.client_secret
    form = code_form(client_id=client_id, client_secret=secret)
    answer = sso_client.post("/oauth2/token", data=form, headers=basic(client_id, secret))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
    ],
)
def test_malformed_requests_are_told_from_a_wrong_code(
    sso_client: httpx.Client, registered: CloudSsoModel, changes: dict[str, str], error: str
) -> None:
    headers = basic(registered.client_id, registered.client_secret)
    answer = sso_client.post("/oauth2/token", data=code_form(**changes), headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_rotation_ends_the_old_secret_at_once(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    old = basic(registered.client_id, registered.client_secret)
    registered.rotate_secret()
    assert sso_client.post("/oauth2/token", data=code_form(), headers=old).status_code == 401
    new = basic(registered.client_id, registered.client_secret)
    assert sso_client.post("/oauth2/token", data=code_form(), headers=new).status_code == 400


def test_protocol_requests_are_neither_reads_nor_pages(
    sso_client: httpx.Client, registered: CloudSsoModel
) -> None:
    sso_client.get(WELL_KNOWN)
    sso_client.get("/oauth2/authorize", params=request_of(registered))
    counters = registered.counters
    assert (counters.requests, counters.reads, counters.page_loads) == (2, 0, 0)
    assert counters.by_route == {f"GET {WELL_KNOWN}": 1, "GET /oauth2/authorize": 1}
