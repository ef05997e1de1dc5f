"""CI without a stored token: a JWT of a trusted issuer, through the whole service (C40, C41)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from api_answers import refused, settle
from caller_issuer import AUDIENCE, WELL_KNOWN, TestIssuer, serving
from service_bench import BASE, MODE, OPENID_CONNECT, Bench, registry_document

from imis_sso.app import opened
from imis_sso.domain.access import Scope
from imis_sso.environments import load
from imis_sso.settings import ServerSettings
from imis_sso.simulators import Simulation

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestIssuer]:
    with serving(tmp_path_factory.mktemp("issuer")) as found:
        yield found


@pytest.fixture
async def trusting(issuer: TestIssuer, fresh: Simulation, tmp_path: Path) -> AsyncIterator[Bench]:
    """A service that trusts the issuer: main may apply in test, every branch may read."""
    document = registry_document(fresh, tmp_path)
    trust = {
        "issuer": issuer.url,
        "audience": AUDIENCE,
        "ca_file": str(issuer.ca_file),
        "allow_private": True,
    }
    document["server"]["callers"] = [
        {
            "name": "main",
            "claims": {"repository": "acme/members", "ref": "refs/heads/main"},
            "scope": "apply",
            "environments": ["test"],
            **trust,
        },
        {"name": "branches", "claims": {"repository": "acme/*"}, "scope": "apply", **trust},
    ]
    file = tmp_path / "imis-sso.yaml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    registry = load(file)
    async with opened(registry, ServerSettings.resolve(registry.server)) as service:
        bench = Bench(service, fresh)
        await settle(bench)
        yield bench


def with_jwt(bench: Bench, token: str) -> httpx.AsyncClient:
    return bench.anybody({"Authorization": f"Bearer {token}"})


async def test_it_writes_under_its_own_name(trusting: Bench, issuer: TestIssuer) -> None:
    client = with_jwt(trusting, issuer.token())
    answer = await client.put(OPENID_CONNECT, json={"name": "Members"})
    assert answer.status_code == 200, answer.text
    resources = (await client.get(f"{BASE}/status")).json()["resources"]
    entry = next(each for each in resources if each["resource"] == "imis/openid-connect")
    assert entry["last_managed_write"]["who"] == "main:repo:acme/members:ref:refs/heads/main"


async def test_it_is_bound_like_a_token(trusting: Bench, issuer: TestIssuer) -> None:
    """contract C41."""
    client = with_jwt(trusting, issuer.token())
    listed = (await client.get("/v1/environments")).json()["items"]
    assert [each["id"] for each in listed] == ["test"]
    for name in ("prod", "nowhere"):
        refused(await client.get(f"/v1/environments/{name}/status"), 403, "forbidden")
    refused(await client.put(f"{MODE}?force=true", json={"mode": "disabled"}), 403, "forbidden")


async def test_a_pull_request_reads_and_plans_and_writes_nothing(
    trusting: Bench, issuer: TestIssuer
) -> None:
    """A rule that would let it apply does not: whoever opens one decides what runs in it."""
    pull = issuer.token(sub="repo:acme/members:pull_request", ref="refs/pull/7/merge")
    client = with_jwt(trusting, pull)
    assert (await client.get(OPENID_CONNECT)).status_code == 200
    body = {"name": "Members"}
    dry = await client.put(OPENID_CONNECT, params={"dry_run": "true"}, json=body)
    assert dry.status_code == 200
    refused(await client.put(OPENID_CONNECT, json=body), 403, "forbidden")
    branch = issuer.token(ref="refs/heads/feature", sub="repo:acme/members:ref:refs/heads/feature")
    assert (await with_jwt(trusting, branch).put(OPENID_CONNECT, json=body)).status_code == 200


async def test_refusals_are_401(
    trusting: Bench, issuer: TestIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """contract C41; the token itself is in no log."""
    caplog.set_level(logging.DEBUG)
    good = issuer.token()
    bad = [
        good[:-6] + "AAAAAA",
        issuer.token(iss="https://issuer.example.org"),
        issuer.token(aud="another"),
        issuer.token(repository="evil/members"),
        issuer.token(exp=1, iat=0, nbf=0),
    ]
    details = []
    for token in bad:
        answer = await with_jwt(trusting, token).get(f"{BASE}/status")
        details.append(refused(answer, 401, "unauthenticated")["detail"])
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert details[0] == details[1], "a stranger learns nothing, not even which issuer is trusted"
    assert "expired" in details[4]
    assert not any(part in caplog.text for token in bad for part in token.split(".")[1:])


async def test_a_failing_issuer_stops_its_own_callers_only(
    trusting: Bench, issuer: TestIssuer
) -> None:
    """503 for whom it names; stored tokens, and everybody else, never notice."""
    issuer.answers[WELL_KNOWN] = 503
    try:
        answer = await with_jwt(trusting, issuer.token()).get(f"{BASE}/status")
        refused(answer, 503, "upstream-unavailable")
        assert (await trusting.client.get(f"{BASE}/status")).status_code == 200
        stranger = with_jwt(trusting, issuer.token(iss="https://issuer.example.org"))
        refused(await stranger.get(f"{BASE}/status"), 401, "unauthenticated")
    finally:
        issuer.answers[WELL_KNOWN] = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}


async def test_a_service_without_rules_takes_no_jwt(settled: Bench, issuer: TestIssuer) -> None:
    issuer.asked.clear()
    answer = await with_jwt(settled, issuer.token()).get(f"{BASE}/status")
    refused(answer, 401, "unauthenticated")
    assert issuer.asked == []
    assert (await settled.caller(Scope.READ).get(f"{BASE}/status")).status_code == 200
