"""Who may do what: contract C40, C41, C43 (rate), targets S2."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from api_answers import Another, nothing_written, refused
from fastapi.routing import APIRoute
from service_bench import BASE, MODE, OPENID_CONNECT, Bench
from starlette.routing import Route

from imis_sso.domain.access import Scope
from imis_sso.environments import ConfigurationError
from imis_sso.settings import ServerSettings

pytestmark = pytest.mark.anyio

ENV = "/v1/environments/{env}"
OPEN = None

#: Every route and the scope it needs, None where it is open. A new route needs a line here.
DECISIONS: dict[tuple[str, str], Scope | None] = {
    ("GET", "/livez"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/version"): OPEN,
    ("GET", "/v1/healthz"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/problems"): OPEN,
    ("GET", "/problems/{slug}"): OPEN,
    ("GET", "/v1/environments"): Scope.READ,
    ("GET", ENV): Scope.READ,
    ("GET", f"{ENV}/secrets"): Scope.READ,
    ("GET", f"{ENV}/secrets/{{name}}"): Scope.READ,
    ("GET", f"{ENV}/verification"): Scope.READ,
    ("GET", f"{ENV}/status"): Scope.READ,
    ("GET", f"{ENV}/changes"): Scope.READ,
    ("GET", f"{ENV}/changes/checkpoint"): Scope.READ,
    ("GET", f"{ENV}/imis"): Scope.READ,
    ("GET", f"{ENV}/cloud-sso"): Scope.READ,
    ("GET", f"{ENV}/cloud-sso/imis-client"): Scope.READ,
} | {
    (method, f"{ENV}/{path}"): Scope.READ if method == "GET" else Scope.APPLY
    for path in ("imis/openid-connect", "imis/oidc-authentication", "cloud-sso/imis-sso-settings")
    for method in ("GET", "PUT", "PATCH", "DELETE")
}
GUARDED = sorted((method, path) for (method, path), scope in DECISIONS.items() if scope)
BELOW_AN_ENVIRONMENT = [each for each in GUARDED if "{env}" in each[1]]
SEES_PRODUCTS = ("verification", "cloud-sso/imis-client", "cloud-sso/imis-sso-settings")


def _address(path: str, environment: str = "test") -> str:
    filled = path.replace("{env}", environment).replace("{name}", "partner")
    return filled.replace("{slug}", "busy")


async def _ask(client: httpx.AsyncClient, method: str, path: str, env: str = "test") -> Any:
    content = b'{"nmae":1}' if method in ("PUT", "PATCH") else b""
    return await client.request(method, _address(path, env), content=content)


async def test_every_route_has_a_decision(settled: Bench) -> None:
    """targets S2: a new route without an authorisation decision fails the suite."""
    found = set()
    for route in settled.app.router.routes:
        assert isinstance(route, Route | APIRoute), "a nested router would hide its routes"
        found |= {(method, route.path) for method in route.methods or () if method != "HEAD"}
    assert found == DECISIONS.keys()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer imis_sso_00_nonsense"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
    ],
    ids=["none", "empty", "scheme", "blank", "unknown", "basic"],
)
async def test_without_a_token_nothing_is_told(settled: Bench, headers: dict[str, str]) -> None:
    """contract C41: 401 with `WWW-Authenticate`."""
    stranger = settled.anybody(headers)
    for method, path in GUARDED:
        answer = await _ask(stranger, method, path)
        refused(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_unknown_addresses_need_a_token_too(settled: Bench) -> None:
    """contract section 1: everything else needs `read`; a stranger learns no names."""
    for path in ("/", "/metrics", "/v1/x", f"{BASE}/x", "/v1/environments/nowhere"):
        refused(await settled.anybody().get(path), 401, "unauthenticated")


async def test_open_addresses_need_none(settled: Bench) -> None:
    """contract section 1."""
    for path in [path for (_, path), scope in DECISIONS.items() if not scope]:
        for headers in ({}, {"Authorization": "Bearer nonsense"}):
            answer = await settled.anybody(headers).get(_address(path))
            assert answer.status_code == 200, path


async def test_open_addresses_name_no_environment(settled: Bench) -> None:
    """contract section 1: no names."""
    for path in ("/livez", "/readyz", "/version", "/v1/healthz"):
        text = (await settled.anybody().get(path)).text
        assert "prod" not in text
        assert "127.0.0.1" not in text


async def test_a_bound_token_is_refused_every_other_environment(settled: Bench) -> None:
    """contract C41: existing or not, so that names cannot be tried out."""
    bound = settled.caller(Scope.ADMIN, ("prod",))
    for method, path in BELOW_AN_ENVIRONMENT:
        answers = [await _ask(bound, method, path, each) for each in ("test", "nowhere")]
        details = {refused(answer, 403, "forbidden")["detail"] for answer in answers}
        assert len(details) == 1, "the answer must not tell one from the other"
    assert settled.imis.counters.requests == 0


async def test_an_unbound_token_gets_404_for_an_unknown_one(settled: Bench) -> None:
    """contract C41."""
    for method, path in BELOW_AN_ENVIRONMENT:
        refused(await _ask(settled.client, method, path, "nowhere"), 404, "not-found")


@pytest.mark.browser
@pytest.mark.parametrize("scope", list(Scope))
async def test_each_scope_opens_what_it_should(bench: Bench, scope: Scope) -> None:
    """contract C40: read, apply, apply-protected, admin, each includes those before."""
    client = bench.caller(scope, ("test",))
    for method, path in GUARDED:
        needed = DECISIONS[method, path]
        assert needed is not None
        if method == "GET" and scope is Scope.ADMIN and path.endswith(SEES_PRODUCTS):
            continue  # a page load each, and no different from what apply-protected sees
        answer = await _ask(client, method, path)
        if scope.includes(needed):
            assert answer.status_code not in (401, 403), f"{method} {path}: {answer.text}"
        else:
            said = refused(answer, 403, "forbidden")["detail"]
            assert needed in said
            assert scope in said
    assert nothing_written(bench)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_force_needs_admin(settled: Bench, method: str) -> None:
    """contract C40."""
    for scope in (Scope.READ, Scope.APPLY, Scope.APPLY_PROTECTED):
        for query in ("force=true", "force=true&dry_run=true"):
            answer = await settled.caller(scope).request(
                method, f"{MODE}?{query}", content=b'{"on_destroy":"retain"}'
            )
            refused(answer, 403, "forbidden")


async def test_a_collection_shows_only_the_callers_environments(settled: Bench) -> None:
    """contract section 1."""
    everything = await settled.client.get("/v1/environments")
    assert [each["id"] for each in everything.json()["items"]] == ["prod", "test"]
    bound = await settled.caller(Scope.READ, ("test",)).get("/v1/environments")
    assert bound.json() == {"items": [{"id": "test", "name": "test"}]}
    none = await settled.caller(Scope.READ, ("elsewhere",)).get("/v1/environments")
    assert none.json() == {"items": []}


async def test_a_stored_token_works_until_it_is_revoked(settled: Bench) -> None:
    """contract C40: named, stored as a hash."""
    tokens = settled.service.store.tokens
    token = await tokens.create("for-this-test", Scope.READ, ("test",))
    client = settled.anybody({"Authorization": f"bearer {token}"})
    assert (await client.get(f"{BASE}/status")).status_code == 200
    spoilt = settled.anybody({"Authorization": f"Bearer {token[:-1]}"})
    refused(await spoilt.get(f"{BASE}/status"), 401, "unauthenticated")
    assert await tokens.revoke("for-this-test")
    refused(await client.get(f"{BASE}/status"), 401, "unauthenticated")
    database = settled.service.settings.data_dir
    random = token.rpartition("_")[2].encode()
    assert all(random not in each.read_bytes() for each in database.rglob("*") if each.is_file())


async def test_the_rate_is_limited_for_each_token(
    another: Another, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C43: 429 with `Retry-After`, never below 100 a second."""
    monkeypatch.setenv("IMIS_SSO_RATE_LIMIT", "100")
    async with another() as bench:
        tokens = bench.service.store.tokens
        greedy, modest = (
            bench.anybody({"Authorization": f"Bearer {tokens.ephemeral(name, Scope.READ)}"})
            for name in ("greedy", "modest")
        )
        moment = [1000.0]
        clock = SimpleNamespace(monotonic=lambda: moment[0])
        monkeypatch.setattr("imis_sso.api.limits.time", clock)
        answers = [await greedy.get("/v1/environments") for _ in range(101)]
        assert [answer.status_code for answer in answers[:100]] == [200] * 100
        assert "100" in refused(answers[100], 429, "rate-limited")["detail"]
        assert (await modest.get("/v1/environments")).status_code == 200
        assert (await greedy.get("/livez")).status_code == 200, "open addresses are not counted"
        moment[0] += 1
        assert (await greedy.get("/v1/environments")).status_code == 200


async def test_the_limit_cannot_be_set_below_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    """contract C43: a 429 breaks a Terraform run."""
    monkeypatch.setenv("IMIS_SSO_RATE_LIMIT", "99")
    with pytest.raises(ConfigurationError, match="100"):
        ServerSettings.resolve()


async def test_who_wrote_last_is_on_record(settled: Bench) -> None:
    """contract section 1, 8: `/status` shows who wrote last."""
    token = settled.service.store.tokens.ephemeral("pipeline-7", Scope.APPLY, ("test",))
    client = settled.anybody({"Authorization": f"Bearer {token}"})
    await client.put(OPENID_CONNECT, json={"name": "Members"})
    resources = (await settled.client.get(f"{BASE}/status")).json()["resources"]
    entry = next(each for each in resources if each["resource"] == "imis/openid-connect")
    assert entry["last_managed_write"]["who"] == "pipeline-7"
