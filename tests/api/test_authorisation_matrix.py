"""Every route for every kind of caller: targets S2, contract C40, C41.

The routes are those of the running application, and what each needs is what it says of itself: a
new route is in the matrix from its first day, and one that says nothing fails the suite.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from api_answers import nothing_written, refused
from fastapi import APIRouter, FastAPI
from route_table import address, ask, decisions, guarded
from service_bench import BASE, MODE, Bench

from imis_sso.api.decisions import Openings, enforce
from imis_sso.app import create_app
from imis_sso.domain.access import Scope
from imis_sso.domain.decisions import DECISION, Decision, decision_in

pytestmark = pytest.mark.anyio

OPEN = {
    "/livez", "/readyz", "/version", "/v1/healthz", "/openapi.json", "/docs", "/problems",
    "/problems/{slug}",
}  # fmt: skip
SEES_PRODUCTS = ("verification", "cloud-sso/imis-client", "cloud-sso/imis-sso-settings")


async def test_what_is_open_is_what_the_contract_says(settled: Bench) -> None:
    """contract section 1: these and no others."""
    table = decisions(settled.app)
    assert {path for (_, path), each in table.items() if each is Decision.OPEN} == OPEN
    assert all(method == "GET" for (method, path) in table if path in OPEN)


async def test_what_changes_something_needs_more_than_read(settled: Bench) -> None:
    """contract C40: `read` is every GET, and dry runs."""
    for method, path, decision in guarded(settled.app):
        scope = decision.scope()
        assert scope is not None
        assert (method == "GET") == (scope is Scope.READ), f"{method} {path}"


async def test_a_route_without_a_decision_does_not_start(settled: Bench) -> None:
    """targets S2."""
    app = create_app(settled.service)
    forgotten = APIRouter()
    forgotten.add_api_route("/v1/forgotten", lambda: None)
    with pytest.raises(LookupError, match="/v1/forgotten"):
        enforce([*app.router.routes, *forgotten.routes])
    with pytest.raises(LookupError):
        decisions(_with(forgotten))


def _with(router: APIRouter) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.router.routes.extend(router.routes)
    return app


async def test_a_handler_that_asks_for_nothing_is_guarded_all_the_same(settled: Bench) -> None:
    """The decision stands before the handler: forgetting it there opens nothing."""
    app, reached = settled.app, []

    async def careless() -> None:
        reached.append(1)

    made = APIRouter()
    stated = Decision.ADMIN.stated()
    made.add_api_route("/v1/careless", careless, methods=["POST"], openapi_extra=stated)
    before = list(app.router.routes)
    app.router.routes.extend(made.routes)
    enforce(app.router.routes)
    try:
        for scope in (Scope.READ, Scope.APPLY, Scope.APPLY_PROTECTED):
            refused(await settled.caller(scope).post("/v1/careless"), 403, "forbidden")
        refused(await settled.anybody().post("/v1/careless"), 401, "unauthenticated")
        assert reached == []
        assert (await settled.client.post("/v1/careless")).status_code == 200
        assert reached == [1]
    finally:
        app.router.routes[:] = before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer imis_sso_00_nonsense"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},  # pragma: allowlist secret
        {"Authorization": "Basic dXNlcjpwYXNz"},
    ],
    ids=["none", "empty", "scheme", "blank", "unknown", "dots", "unsigned", "basic"],
)
async def test_without_a_token_nothing_is_told(settled: Bench, headers: dict[str, str]) -> None:
    """contract C41: 401 with `WWW-Authenticate`."""
    await _all_unauthenticated(settled, settled.anybody(headers))


async def test_an_expired_token_opens_nothing_and_is_told_so(settled: Bench) -> None:
    """contract C41: 401 as for a stranger; only the holder of the right token learns why."""
    tokens = settled.service.store.tokens
    past = datetime.now(UTC) - timedelta(seconds=1)
    token = await tokens.create("expired-in-the-matrix", Scope.ADMIN, expires_at=past)
    said = await _all_unauthenticated(settled, _bearer(settled, token))
    assert all("expired" in each for each in said)
    said = await _all_unauthenticated(settled, _bearer(settled, token[:-2] + "xx"))
    assert not any("expired" in each for each in said)
    await tokens.revoke("expired-in-the-matrix")
    said = await _all_unauthenticated(settled, _bearer(settled, token))
    assert not any("expired" in each for each in said)


def _bearer(bench: Bench, token: str) -> httpx.AsyncClient:
    return bench.anybody({"Authorization": f"Bearer {token}"})


async def _all_unauthenticated(bench: Bench, stranger: httpx.AsyncClient) -> set[str]:
    said = set()
    for method, path, _ in guarded(bench.app):
        for environment in ("test", "nowhere"):
            answer = await ask(stranger, method, path, environment)
            body = refused(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")
            said.add(body["detail"])
    assert len(said) == 1, "no address says more than another"
    assert bench.imis.counters.requests == 0
    return said


async def test_unknown_addresses_need_a_token_too(settled: Bench) -> None:
    """contract section 1: everything else needs `read`; a stranger learns no names."""
    for path in ("/", "/metrics", "/v1/x", f"{BASE}/x", "/v1/environments/nowhere", "/problemsx"):
        refused(await settled.anybody().get(path), 401, "unauthenticated")


async def test_open_addresses_need_none(settled: Bench) -> None:
    """contract section 1."""
    for path in OPEN:
        for headers in ({}, {"Authorization": "Bearer nonsense"}):
            answer = await settled.anybody(headers).get(address(path))
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
    for method, path, _ in guarded(settled.app):
        if "{env}" not in path:
            continue
        answers = [await ask(bound, method, path, each) for each in ("test", "nowhere")]
        details = {refused(answer, 403, "forbidden")["detail"] for answer in answers}
        assert len(details) == 1, "the answer must not tell one from the other"
    assert settled.imis.counters.requests == 0


async def test_an_unbound_token_gets_404_for_an_unknown_one(settled: Bench) -> None:
    """contract C41."""
    for method, path, _ in guarded(settled.app):
        if "{env}" in path:
            refused(await ask(settled.client, method, path, "nowhere"), 404, "not-found")


@pytest.mark.browser
@pytest.mark.parametrize("scope", list(Scope))
async def test_each_scope_opens_what_it_should(bench: Bench, scope: Scope) -> None:
    """contract C40: read, apply, apply-protected, admin, each includes those before."""
    client = bench.caller(scope, ("test",))
    for method, path, decision in guarded(bench.app):
        needed = decision.scope()
        assert needed is not None
        if method == "GET" and scope is Scope.ADMIN and path.endswith(SEES_PRODUCTS):
            continue  # a page load each, and no different from what apply-protected sees
        answer = await ask(client, method, path)
        if scope.includes(needed):
            assert answer.status_code not in (401, 403), f"{method} {path}: {answer.text}"
        else:
            said = refused(answer, 403, "forbidden")["detail"]
            assert needed in said
            assert scope in said
    assert nothing_written(bench)


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_dry_run_needs_read_and_nothing_else_does(settled: Bench, scope: Scope) -> None:
    """contract C15; a dry run of what has none, or a misspelt one, is the real thing."""
    client = settled.caller(scope, ("test",))
    for method, path, decision in guarded(settled.app):
        if method == "GET" or "cloud-sso" in path:
            continue
        dry = await ask(client, method, path, dry_run="true")
        if decision in (Decision.WRITE, Decision.RESTORE) or scope.includes(
            decision.scope() or scope
        ):
            assert dry.status_code not in (401, 403), f"{method} {path}: {dry.text}"
        else:
            refused(dry, 403, "forbidden")
        if scope is Scope.READ:
            for misspelt in ({"dry_run": "false"}, {"dryrun": "true"}, {"dry_run": "True"}):
                refused(await ask(client, method, path, **misspelt), 403, "forbidden")
            twice = f"{address(path)}?dry_run=true&dry_run=false"
            refused(await client.request(method, twice), 403, "forbidden")
    assert nothing_written(settled)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_force_needs_admin(settled: Bench, method: str) -> None:
    """contract C40."""
    for scope in (Scope.READ, Scope.APPLY, Scope.APPLY_PROTECTED):
        for query in ("force=true", "force=true&dry_run=true"):
            answer = await settled.caller(scope).request(
                method, f"{MODE}?{query}", content=b'{"on_destroy":"retain"}'
            )
            refused(answer, 403, "forbidden")


async def test_decisions_are_read_back_as_they_were_stated() -> None:
    for each in Decision:
        assert decision_in({"tags": [], **each.stated()}) is each
    assert decision_in(None) is decision_in({}) is None
    with pytest.raises(ValueError, match="everybody"):
        decision_in({DECISION: "everybody"})


async def test_openings_are_exact_but_below_a_name(settled: Bench) -> None:
    openings = Openings(settled.app.router.routes)
    for path in ("/livez", "/problems", "/problems/x", "/problems/x/y"):
        assert path in openings
    for path in ("/", "/livezz", "/livez/x", "/problemsx", "/v1", "/v1/environments"):
        assert path not in openings
