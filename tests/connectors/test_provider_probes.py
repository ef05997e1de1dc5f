"""Probes at a provider that can be anything: what they send, where, how often (section 6, C45)."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from oidc_stand_in import BOTH, Answer, Request, StandIn, standing_in

from imis_sso.connectors.oidc.probes import ProviderProbes
from imis_sso.domain.checks import Check, Status
from imis_sso.domain.documents import ImisClient, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.secret import Secret
from imis_sso.domain.trust import Pins
from imis_sso.domain.verdicts import Halves
from imis_sso.services.inquiry import Findings, Subject, inquire

pytestmark = pytest.mark.anyio

PASSED, FAILED, WARNING, SKIPPED = Status.PASSED, Status.FAILED, Status.WARNING, Status.SKIPPED
ODD_SECRET = "a+b/c=d%e:f&g~h i%2B"
MOST_REFUSED = 3


async def asked(
    provider: StandIn,
    secret: str | None = None,
    *,
    active: bool = True,
    client_id: str = "3f1c",
    redirect_url: str = "https://members.example.org/",
    issuer: str = "",
    pinned: str = "",
    allow: str = "",
) -> Findings:
    """Inquire about a pair whose Cloud SSO is the stand-in."""
    halves = Halves(
        OpenIDConnect(client_id=client_id, redirect_login_url=redirect_url),
        ImisClient(discovery_url=provider.discovery_url, issuer=issuer or provider.issuer),
        ImisSsoSettings(redirect_url=redirect_url),
        mode="disabled",
    )
    held = Secret(provider.secret if secret is None else secret)
    pins = Pins(frozenset({pinned or provider.host}), None)
    probes = ProviderProbes((provider.host, allow), provider.ca_file, pause=0.0)
    try:
        return await inquire(probes, Subject(halves, held, pins), active=active)
    finally:
        await probes.aclose()


def outcome(findings: Findings) -> dict[str, Status]:
    return {each.id: each.status for each in (*findings.public, *findings.active)}


def check(findings: Findings, name: str) -> Check:
    (found,) = [each for each in findings.active if each.id == name]
    return found


def both(findings: Findings) -> tuple[Status, Status]:
    statuses = outcome(findings)
    return statuses["redirect.registered"], statuses["client.secret-accepted"]


@pytest.mark.parametrize("secret", ["s3cr3t", ODD_SECRET])
@pytest.mark.parametrize("registered", [BOTH, BOTH[:1], BOTH[1:]])
async def test_right_and_wrong_secrets_by_either_method(
    tmp_path: Path, secret: str, registered: tuple[str, ...]
) -> None:
    """RFC 6749 2.3.1: form-encoded before base64; at most three refused requests a run."""
    async with standing_in(tmp_path, secret=secret, registered=registered) as provider:
        assert both(await asked(provider)) == (PASSED, PASSED)
        assert provider.refused == 2 + (registered == BOTH[1:])
        provider.refused = 0
        for wrong in ("wrong", secret + "x", secret.lower() + " "):
            assert both(await asked(provider, wrong)) == (PASSED, FAILED)
        assert provider.refused == 3 * MOST_REFUSED


async def test_only_listed_methods_are_tried(tmp_path: Path) -> None:
    async with standing_in(tmp_path, methods=BOTH[1:], registered=BOTH[1:]) as provider:
        assert both(await asked(provider)) == (PASSED, PASSED)
        assert all("authorization" not in each.headers for each in provider.seen)
        assert provider.refused == 2
        provider.methods = ("private_key_jwt",)
        assert both(await asked(provider)) == (PASSED, SKIPPED)


@pytest.mark.parametrize("secret", ["s3cr3t", "wrong"])
async def test_a_public_client_never_passes(tmp_path: Path, secret: str) -> None:
    async with standing_in(tmp_path, is_public=True) as provider:
        findings = await asked(provider, secret)
        assert both(findings) == (PASSED, SKIPPED)
        assert provider.paths().count("/token") == 2
        assert provider.refused <= MOST_REFUSED


@pytest.mark.parametrize(
    ("manners", "status", "refused"),
    [
        ({}, PASSED, 2),
        ({"pattern": True}, WARNING, 2),
        ({"redirects_anywhere": True}, SKIPPED, 1),
        ({"redirect_url": "https://members.example.org"}, FAILED, 2),
        ({"redirect_url": "https://other.example.org/"}, FAILED, 2),
    ],
)
async def test_the_redirect_url(
    tmp_path: Path, manners: dict[str, Any], status: Status, refused: int
) -> None:
    """An unregistered one fails; a pattern warns; a provider that redirects anywhere proves nothing."""
    async with standing_in(tmp_path, **manners) as provider:
        findings = await asked(provider)
        assert both(findings) == (status, PASSED)
        assert provider.refused == refused


async def test_an_unknown_client(tmp_path: Path) -> None:
    async with standing_in(tmp_path) as provider:
        findings = await asked(provider, client_id="unknown")
        assert both(findings) == (FAILED, FAILED)
        assert "refuses the client" in check(findings, "redirect.registered").detail
        assert provider.refused == MOST_REFUSED


def only(path: str, answer: Answer) -> Any:
    return lambda request: answer if request.path == path else None


NONSENSE = [
    Answer(404),
    Answer(429),
    Answer(429, headers={"Retry-After": "7"}),
    Answer(500),
    Answer(503, headers={"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}),
    Answer(200, "<html>Welcome</html>"),
    Answer(200, "{}"),
    Answer(200, "x" * 300_000),
    Answer(302, headers={"Location": "https://elsewhere.example/"}),
]


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_nonsense_proves_nothing(tmp_path: Path, nonsense: Answer) -> None:
    """Must show of verification: skipped, never passed or failed."""
    async with standing_in(tmp_path) as provider:
        provider.instead = only("/.well-known/openid-configuration", nonsense)
        assert set(outcome(await asked(provider)).values()) == {SKIPPED}
        assert provider.paths() == ["/.well-known/openid-configuration"]
        for path, name in (
            ("/token", "client.secret-accepted"),
            ("/authorize", "redirect.registered"),
        ):
            provider.instead = only(path, nonsense)
            assert outcome(await asked(provider))[name] is SKIPPED
        provider.instead = only("/jwks", nonsense)
        assert outcome(await asked(provider))["jwks.usable"] is SKIPPED


@pytest.mark.parametrize("html", ["<html>", '{"error": 1}', '["invalid_grant"]', "invalid_grant"])
async def test_no_json_at_the_token_endpoint(tmp_path: Path, html: str) -> None:
    async with standing_in(tmp_path) as provider:
        provider.instead = only("/token", Answer(400, html))
        assert both(await asked(provider)) == (PASSED, SKIPPED)


async def test_a_host_that_asks_to_wait_is_left_alone(tmp_path: Path) -> None:
    """RFC 6585 4: also by the next run."""
    async with standing_in(tmp_path) as provider:
        waiting = only("/token", Answer(429, headers={"Retry-After": "60"}))
        provider.instead = waiting
        probes = ProviderProbes((provider.host,), provider.ca_file, pause=0.0)
        first = await probes.discovery(provider.discovery_url)
        reply = await probes._provider.post(f"{provider.issuer}/token", {}, {})
        again = await probes.discovery(provider.discovery_url)
        await probes.aclose()
    assert (first.status, reply.status, again.status) == (200, 429, None)
    assert "Retry-After" in again.code
    assert len(provider.seen) == 2


async def test_a_provider_that_never_answers_ends_in_time(tmp_path: Path) -> None:
    async with standing_in(tmp_path) as provider:
        gone = provider.issuer
    provider.issuer = gone
    findings = await asked(provider)
    assert set(outcome(findings).values()) == {SKIPPED}

    with socket.create_server(("127.0.0.1", 0)) as mute:
        provider.issuer = f"https://127.0.0.1:{mute.getsockname()[1]}"
        findings = await asked(provider)
    assert set(outcome(findings).values()) == {SKIPPED}
    assert "in time" in findings.public[0].detail


async def test_a_passive_run_costs_nothing(tmp_path: Path) -> None:
    """At most three refused requests per active run, none per passive run."""
    async with standing_in(tmp_path) as provider:
        findings = await asked(provider, "wrong", active=False)
        assert outcome(findings) == {"discovery.reachable": PASSED, "jwks.usable": PASSED}
        assert findings.issuer == provider.issuer
        assert provider.paths() == ["/.well-known/openid-configuration", "/jwks"]
        assert provider.refused == 0


async def test_an_untrusted_certificate_fails(tmp_path: Path) -> None:
    async with standing_in(tmp_path) as provider:
        (tmp_path / "other").mkdir()
        async with standing_in(tmp_path / "other") as other:
            provider.ca_file = other.ca_file
            findings = await asked(provider)
    assert outcome(findings)["discovery.reachable"] is FAILED
    assert "certificate" in findings.public[0].detail
    assert provider.seen == []


@pytest.mark.parametrize(
    ("manners", "words"),
    [
        ({"issuer": "https://sso.example.org"}, "does not name the issuer"),
        ({"pinned": "sso.example.org"}, "does not list"),
    ],
)
async def test_no_secret_where_it_may_not_go(
    tmp_path: Path, manners: dict[str, str], words: str
) -> None:
    """contract C45: byte-equal issuer, pinned host; else skipped, and it says why."""
    async with standing_in(tmp_path) as provider:
        findings = await asked(provider, **manners)
        assert words in check(findings, "client.secret-accepted").detail
        assert both(findings)[1] is SKIPPED
        assert "/token" not in provider.paths()


@asynccontextmanager
async def two_of_one_authority(place: Path) -> AsyncIterator[tuple[StandIn, StandIn]]:
    """Give a provider and a listener that could both be reached and trusted."""
    authority = trustme.CA()
    async with standing_in(place, authority) as provider, standing_in(place, authority) as listener:
        yield provider, listener


async def test_a_token_endpoint_elsewhere_gets_no_secret(tmp_path: Path) -> None:
    """contract C45, S3: the document of the provider itself may name any address."""
    async with two_of_one_authority(tmp_path) as (provider, listener):
        document = provider.metadata() | {"token_endpoint": f"{listener.issuer}/token"}
        answer = Answer(200, json.dumps(document))
        provider.instead = only("/.well-known/openid-configuration", answer)
        findings = await asked(provider, allow=listener.host)
        assert both(findings) == (PASSED, SKIPPED)
        assert listener.seen == []


async def test_a_redirect_of_the_token_endpoint_takes_no_secret_along(tmp_path: Path) -> None:
    async with two_of_one_authority(tmp_path) as (provider, listener):
        provider.instead = only(
            "/token", Answer(307, headers={"Location": f"{listener.issuer}/token"})
        )
        assert both(await asked(provider, allow=listener.host)) == (PASSED, SKIPPED)
        assert listener.seen == []


async def test_what_a_provider_echoes_is_not_repeated(tmp_path: Path) -> None:
    """contract C20."""

    def echo(request: Request) -> Answer | None:
        if request.path != "/token":
            return None
        secret = request.form.get("client_secret", "s3cr3t")
        return Answer(400, f'{{"error": "{secret}", "error_description": "{secret}"}}')

    async with standing_in(tmp_path, instead=echo, secret="s3cr3t") as provider:
        findings = await asked(provider)
        assert both(findings)[1] is SKIPPED
        assert "s3cr3t" not in repr(findings)


async def test_what_the_requests_carry(tmp_path: Path) -> None:
    """Fresh state and nonce, PKCE, no cookies; the secret in requests to the token endpoint alone."""
    async with standing_in(tmp_path) as provider:
        provider.instead = lambda _: None
        await asked(provider, "wrong")
        for name in ("state", "nonce", "code_challenge"):
            sent = [each.query[name] for each in provider.seen if each.path == "/authorize"]
            assert len(set(sent)) == len(sent) == 2
        assert all("cookie" not in each.headers for each in provider.seen)
        elsewhere = [each for each in provider.seen if each.path != "/token"]
        assert "wrong" not in str(elsewhere)


@pytest.mark.parametrize(
    ("path", "answers", "status"),
    [
        ("/SignIn", {"/SignIn": "https://sso.example.org/authorize?client_id=3f1c"}, 302),
        ("/SignIn", {"/SignIn": "/further", "/further": "https://sso.example.org/a"}, 302),
        ("/SignIn", {"/SignIn": "/SignIn"}, 302),
        ("/SignIn", {}, 404),
    ],
)
async def test_the_sign_in_page_is_followed_on_its_own_host_alone(
    tmp_path: Path, path: str, answers: dict[str, str], status: int
) -> None:
    def page(request: Request) -> Answer | None:
        found = answers.get(request.path)
        return found and Answer(302, headers={"Location": found})  # type: ignore[return-value]

    async with standing_in(tmp_path, instead=page) as site:
        probes = ProviderProbes((), site.ca_file, f"{site.issuer}{path}", pause=0.0)
        seen = await probes.sign_in()
        await probes.aclose()
    assert seen.reply.status == status
    assert len(site.seen) <= 8
    last = list(answers.values())[-1] if answers else None
    assert seen.reply.location == last


async def test_without_a_sign_in_page_nothing_is_asked() -> None:
    probes = ProviderProbes()
    assert "no sign-in page" in (await probes.sign_in()).why
    await probes.aclose()


ADDRESSES = [
    "https://127.0.0.1/",
    "https://10.1.2.3/",
    "https://[::1]/",
    "https://localhost/",
    "http://a.example/",
]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_address_of_the_metadata_meets_the_egress_rule(
    tmp_path: Path, address: str
) -> None:
    """S3: whatever a discovery document names."""
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    async with standing_in(tmp_path) as provider:
        document = provider.metadata() | dict.fromkeys(names, f"{address}x")
        provider.instead = only(
            "/.well-known/openid-configuration", Answer(200, json.dumps(document))
        )
        statuses = outcome(await asked(provider))
        assert set(statuses.values()) - {PASSED} == {SKIPPED}
        assert statuses["jwks.usable"] is statuses["redirect.registered"] is SKIPPED
        assert provider.paths() == ["/.well-known/openid-configuration"]
