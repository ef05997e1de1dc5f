"""Verification at an independent, certified OpenID provider (must show of contract section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from certified_provider import Certified, running

from imis_sso.connectors.oidc.probes import ProviderProbes
from imis_sso.domain.checks import Status
from imis_sso.domain.documents import ImisClient, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.secret import Secret
from imis_sso.domain.trust import Pins
from imis_sso.domain.verdicts import Halves
from imis_sso.services.inquiry import Findings, Subject, inquire

pytestmark = pytest.mark.anyio

PASSED, FAILED, SKIPPED = Status.PASSED, Status.FAILED, Status.SKIPPED
OURS = "https://members.example.org/"
SECRETS = {
    "basic": "plain-secret-of-basic",
    "post": "plain-secret-of-post",
    "odd-basic": "odd+/=%41:&~secret one",
    "odd-post": "odd+/=%41:&~secret two",
}
MOST_REFUSED = 3


def client(name: str, **more: Any) -> dict[str, Any]:
    plain = {"client_id": name, "redirect_uris": [OURS], "response_types": ["code"]}
    return plain | {"grant_types": ["authorization_code"]} | more


CLIENTS = [
    *(
        client(
            name,
            client_secret=secret,
            token_endpoint_auth_method=f"client_secret_{name.rpartition('-')[2]}",
        )
        for name, secret in SECRETS.items()
    ),
    client("public", token_endpoint_auth_method="none"),
    client(
        "no-code",
        client_secret="plain-secret",
        response_types=["id_token"],
        grant_types=["implicit"],
        token_endpoint_auth_method="client_secret_basic",
    ),
]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    with running(tmp_path_factory.mktemp("certified"), CLIENTS) as found:
        yield found


async def asked(
    provider: Certified,
    name: str,
    secret: str,
    *,
    redirect_url: str = OURS,
    active: bool = True,
) -> tuple[dict[str, Status], Findings]:
    provider.refused()
    halves = Halves(
        OpenIDConnect(client_id=name, redirect_login_url=redirect_url),
        ImisClient(discovery_url=provider.discovery_url, issuer=provider.issuer),
        ImisSsoSettings(redirect_url=redirect_url),
        mode="disabled",
    )
    probes = ProviderProbes((provider.host,), provider.ca_file, seconds=20.0)
    subject = Subject(halves, Secret(secret), Pins(frozenset({provider.host}), None))
    found = await inquire(probes, subject, active=active)
    await probes.aclose()
    return {each.id: each.status for each in (*found.public, *found.active)}, found


def both(statuses: dict[str, Status]) -> tuple[Status, Status]:
    return statuses["redirect.registered"], statuses["client.secret-accepted"]


async def test_public_documents(provider: Certified) -> None:
    """A passive run costs no refused request."""
    statuses, found = await asked(provider, "basic", "anything", active=False)
    assert statuses == {"discovery.reachable": PASSED, "jwks.usable": PASSED}
    assert found.issuer == provider.issuer
    assert provider.refused() == []


@pytest.mark.parametrize("name", SECRETS)
async def test_the_right_secret_passes(provider: Certified, name: str) -> None:
    """For both methods, and for secrets with `+/=%:&~` (RFC 6749 2.3.1)."""
    statuses, found = await asked(provider, name, SECRETS[name])
    assert both(statuses) == (PASSED, PASSED)
    # This provider takes either method of a client with a secret; the first one must do.
    assert "basic" not in name or found.active[1].detail.endswith("by client_secret_basic")
    assert 0 < len(provider.refused()) <= MOST_REFUSED


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("spoilt", ["x", "", "%2B"])
async def test_a_wrong_secret_fails(provider: Certified, name: str, spoilt: str) -> None:
    secret = SECRETS[name] + spoilt if spoilt else SECRETS[name][:-1]
    statuses, _ = await asked(provider, name, secret)
    assert both(statuses) == (PASSED, FAILED)
    assert len(provider.refused()) == MOST_REFUSED


@pytest.mark.parametrize("secret", ["anything", "plain-secret-of-basic"])
async def test_a_public_client_never_passes(provider: Certified, secret: str) -> None:
    statuses, _ = await asked(provider, "public", secret)
    assert statuses["client.secret-accepted"] is not PASSED
    assert len(provider.refused()) <= MOST_REFUSED


@pytest.mark.parametrize(
    "redirect_url",
    [
        "https://members.example.org",
        "https://members.example.org/x",
        "https://members.example.org/?x=1",
        "https://members.example.org:443/",
        "https://MEMBERS.example.org/",
        "http://members.example.org/",
        "https://other.example.org/",
    ],
)
async def test_an_unregistered_redirect_fails(provider: Certified, redirect_url: str) -> None:
    """Core 3.1.2.1: simple string comparison."""
    statuses, _ = await asked(provider, "basic", SECRETS["basic"], redirect_url=redirect_url)
    assert both(statuses) == (FAILED, PASSED)
    assert len(provider.refused()) <= MOST_REFUSED


async def test_an_unknown_client_fails(provider: Certified) -> None:
    statuses, found = await asked(provider, "unknown", "anything")
    assert both(statuses) == (FAILED, FAILED)
    assert "id is unknown" in found.active[0].detail
    assert len(provider.refused()) == MOST_REFUSED


async def test_a_client_without_the_code_flow_fails(provider: Certified) -> None:
    """Registered but unusable: the code is shown."""
    statuses, found = await asked(provider, "no-code", "plain-secret")
    assert statuses["redirect.registered"] is FAILED
    assert "cannot be used: invalid_request" in found.active[0].detail
    assert "flow settings" in found.active[0].remedy


NONSENSE: list[dict[str, Any]] = [
    {"status": 404},
    {"status": 429},
    {"status": 500},
    {"status": 200, "body": "<html>Welcome</html>"},
    {"status": 503, "headers": {"Retry-After": "1"}},
]


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize("secret", ["plain-secret-of-basic", "wrong"])
async def test_nonsense_is_skipped(
    provider: Certified, answer: dict[str, Any], secret: str
) -> None:
    """Never passed or failed, whether the secret is right or wrong."""
    places = {
        "/.well-known/openid-configuration": "discovery.reachable",
        "/jwks": "jwks.usable",
        "/auth": "redirect.registered",
        "/token": "client.secret-accepted",
    }
    try:
        for path, check in places.items():
            provider.answer_instead(path=path, **answer)
            statuses, _ = await asked(provider, "basic", secret)
            assert statuses[check] is SKIPPED, path
    finally:
        provider.answer_instead()
