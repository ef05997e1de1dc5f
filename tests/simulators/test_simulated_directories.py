"""The three simulated directories: their documents, and what is particular to each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from imis_sso.simulators import DirectoryModel, Simulation
from imis_sso.simulators.directory.flavours import ALL

FLAVOURS = list(ALL.values())


@pytest.fixture
def client(simulation: Simulation, directory: DirectoryModel) -> Iterator[httpx.Client]:
    """A client of the directories."""
    with httpx.Client(base_url=directory.base_url, verify=simulation.trust) as client:
        yield client


@pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda each: each.name)
def test_discovery_names_what_cloud_sso_was_told(
    simulation: Simulation, client: httpx.Client, flavour: Any
) -> None:
    """product facts 6: the four addresses can be compared with the document."""
    told = simulation.cloud_sso("test").directories[flavour.name]
    metadata = client.get(told.discovery_domain).json()
    assert told.discovery_domain == f"{metadata['issuer']}/.well-known/openid-configuration"
    assert (
        metadata["issuer"],
        metadata["authorization_endpoint"],
        metadata["token_endpoint"],
        metadata["userinfo_endpoint"],
    ) == (told.issuer, told.authorization_url, told.token_url, told.userinfo_url)


def test_their_documents_differ_as_those_of_the_real_ones(client: httpx.Client) -> None:
    cognito, entra, okta = (client.get(each.discovery).json() for each in FLAVOURS)
    # Cognito's endpoints are not where its issuer is, and it does not say that it knows PKCE.
    assert not cognito["token_endpoint"].startswith(cognito["issuer"].rpartition("/")[0] + "/")
    assert "code_challenge_methods_supported" not in cognito
    assert entra["issuer"].endswith("/v2.0")
    assert "form_post" in entra["response_modes_supported"]
    assert okta["token_endpoint"] == f"{okta['issuer']}/v1/token"
    [key] = client.get(ALL["entra"].jwks).json()["keys"]
    assert "alg" not in key


def test_switches_are_those_of_the_recipe(simulation: Simulation) -> None:
    """product facts 4.3."""
    found = simulation.cloud_sso("test").directories
    assert found["cognito"].scopes == "openid profile email"
    assert found["cognito"].enable_pkce
    assert not found["cognito"].enable_response_mode_form_post
    assert not found["cognito"].enable_token_endpoint_basic_auth
    assert found["entra"].enable_response_mode_form_post
    assert found["okta"].enable_token_endpoint_basic_auth


@pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda each: each.name)
def test_a_wrong_password_is_told_and_can_be_typed_again(
    simulation: Simulation, client: httpx.Client, directory: DirectoryModel, flavour: Any
) -> None:
    told = simulation.cloud_sso("test").directories[flavour.name]
    query = {"client_id": told.client_id, "scope": "openid", "response_type": "code"}
    query |= {"redirect_uri": simulation.cloud_sso("test").return_url, "login_hint": "x@y.org"}
    page = client.get(told.authorization_url, params=query)
    assert "x@y.org" in page.text
    request = page.text.partition('name="request" value="')[2].partition('"')[0]
    form = {"request": request, "username": "x@y.org", "password": "wrong"}
    refused = client.post(flavour.login, data=form)
    assert (refused.status_code, "User name or password is wrong" in refused.text) == (401, True)
    assert directory.counters.refused_logins == 1
    assert client.post(flavour.login, data=form).status_code == 400


def test_a_client_that_is_not_known_is_not_redirected(
    client: httpx.Client, directory: DirectoryModel
) -> None:
    for changes in ({"client_id": "x"}, {"redirect_uri": "https://else.example.org/"}):
        query = {"client_id": directory.clients["okta"].client_id, **changes}
        answer = client.get(ALL["okta"].authorize, params=query)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_control_api_of_the_directories(client: httpx.Client, directory: DirectoryModel) -> None:
    changes = {"clients": {"entra": {"client_secret": "rotated"}}}
    assert client.patch("/_control/state", json=changes).status_code == 200
    assert directory.clients["entra"].client_secret == "rotated"
    for wrong in ({"clients": {"ldap": {}}}, {"clients": {"okta": {"secret": ""}}}, {"users": []}):
        assert client.patch("/_control/state", json=wrong).status_code == 422
    client.post("/_control/reset?state=true")
    assert directory.clients["entra"].client_secret != "rotated"
