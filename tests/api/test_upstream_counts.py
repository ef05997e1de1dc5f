"""How often the products are asked, by their own counters (targets R4, P3; contract C3)."""

from __future__ import annotations

import asyncio

import pytest
from api_answers import settle
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, Bench

pytestmark = pytest.mark.anyio

#: The only routes whose GET may reach a product, by the end of their path.
ASK_PRODUCTS = {
    "/imis/openid-connect",
    "/imis/oidc-authentication",
    "/cloud-sso/imis-client",
    "/cloud-sso/imis-sso-settings",
    "/secrets/{name}",
    "/verification",
    "/emergency",
    "/attestations/current",
}


def _silent(bench: Bench) -> list[str]:
    """Give every GET route of the application that must ask nobody, filled in."""
    paths = {
        route.path for route in bench.app.router.routes if "GET" in getattr(route, "methods", ())
    }
    silent = [path for path in paths if not path.endswith(tuple(ASK_PRODUCTS))]
    assert len(paths) - len(silent) == len(ASK_PRODUCTS)
    return sorted(path.replace("{env}", "test").replace("{slug}", "busy") for path in silent)


async def test_only_settings_and_verification_ask_the_products(bench: Bench) -> None:
    """contract C3: status, readiness, lists and documents show what is known."""
    paths = _silent(bench)
    for must in (f"{BASE}/status", f"{BASE}/imis", f"{BASE}/secrets", "/readyz", "/docs"):
        assert must in paths
    answers = await asyncio.gather(*(bench.client.get(path) for path in paths for _ in range(3)))
    assert {each.status_code for each in answers} <= {200, 404}  # no such item: nobody is asked
    assert bench.imis.counters.requests == 0
    assert bench.cloud_sso.counters.requests == 0


async def test_an_identical_put_is_one_read_and_no_write(settled: Bench) -> None:
    """targets R4: whole and partial, PUT and PATCH."""
    whole = (await settled.client.get(OPENID_CONNECT)).json()
    for method, body in (
        ("PUT", whole),
        ("PUT", {"name": whole["name"]}),
        ("PATCH", {}),
        ("PUT", {}),
    ):
        settled.imis.counters.reset()
        answer = await settled.client.request(method, OPENID_CONNECT, json=body)
        assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "0")
        assert (settled.imis.counters.requests, settled.imis.counters.writes) == (1, 0)


@pytest.mark.parametrize(
    ("path", "body"),
    [(OPENID_CONNECT, {"name": "Members"}), (MODE, {"mode": "disabled"})],
)
async def test_a_changing_put_is_one_write_and_three_requests(
    settled: Bench, path: str, body: dict[str, str]
) -> None:
    """targets R4, P3; raising the mode asks more, for it is gated."""
    settled.imis.change(Mode=1)
    await settled.client.get(path)
    settled.imis.counters.reset()
    assert (await settled.client.put(path, json=body)).headers["upstream-writes"] == "1"
    counters = settled.imis.counters
    assert (counters.requests, counters.writes, counters.stored) == (3, 1, 1)


async def test_fifty_callers_of_an_expired_session_log_in_once(settled: Bench) -> None:
    """targets R4: readers and writers together; fair use: one request at a time."""
    await settled.client.get(MODE)
    settled.imis.expire_sessions()
    settled.imis.counters.reset()
    work = [
        settled.client.put(OPENID_CONNECT, json={"name": f"Members {number}"})
        if number % 5 == 0
        else settled.client.get(OPENID_CONNECT if number % 2 else MODE)
        for number in range(50)
    ]
    answers = await asyncio.gather(*work)
    assert {each.status_code for each in answers} == {200}
    assert settled.imis.counters.logins == 1
    assert settled.imis.counters.max_simultaneous == 1


@pytest.mark.browser
async def test_fifty_callers_of_an_ended_dashboard_session_log_in_once(bench: Bench) -> None:
    """targets R4: the same for Cloud SSO, and one page load for all."""
    await bench.client.get(CLIENT)
    await settle(bench)
    bench.cloud_sso.expire_sessions()
    bench.cloud_sso.counters.reset()
    answers = await asyncio.gather(*(bench.client.get(CLIENT) for _ in range(50)))
    assert {each.status_code for each in answers} == {200}
    assert bench.cloud_sso.counters.logins == 1
    assert bench.cloud_sso.counters.max_simultaneous == 1


async def test_the_state_of_the_circuits_is_shown(settled: Bench) -> None:
    """contract section 1: per product, without asking it."""
    answer = await settled.client.get(f"{BASE}/status")
    products = answer.json()["products"]
    assert [each["product"] for each in products] == ["imis", "cloud-sso"]
    assert {each["circuit"] for each in products} == {"closed"}
