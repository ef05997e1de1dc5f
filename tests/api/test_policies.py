"""What the operator decides outside the API: contract C44-C47, C3, section 1 (`/status`)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from api_answers import Another, nothing_written, refused, settle, whole_record
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, PERMITTED, REDIRECT, Bench

from imis_sso.connectors.imis_rest import ImisRest
from imis_sso.domain.access import Scope
from imis_sso.simulators import Simulation

pytestmark = pytest.mark.anyio


def _original_passwords(simulation: Simulation, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Describe both products with the passwords of now, whatever happens to them later."""
    each = simulation.environments["test"]
    patch.setenv("IMIS_PASSWORD_OF_THIS_TEST", each.imis_password)
    patch.setenv("CLOUD_SSO_PASSWORD_OF_THIS_TEST", each.cloud_sso_password)
    return {
        "imis": {
            "url": each.imis_url,
            "connector": "imis_rest",
            "username": each.imis_username,
            "password": "env:IMIS_PASSWORD_OF_THIS_TEST",
        },
        "cloud_sso": {
            "url": each.cloud_sso_url,
            "connector": "cloud_sso_dashboard",
            "automation_permitted_by": PERMITTED,
            "cloud_id": each.cloud_id,
            "username": each.cloud_sso_username,
            "password": "env:CLOUD_SSO_PASSWORD_OF_THIS_TEST",
        },
    }


async def test_an_environment_is_observe_only_until_it_is_allowed(another: Another) -> None:
    """contract C44: reads, plans, dry runs, identical PUTs and letting go all work."""
    async with another({"writes": "refused"}) as bench:
        for method in ("PUT", "PATCH"):
            answer = await bench.client.request(method, MODE, json={"mode": "test_mode"})
            assert "writes: allowed" in refused(answer, 409, "observe-only")["detail"]
        assert (await bench.client.get(MODE)).json() == {"mode": "disabled"}
        same = await bench.client.put(MODE, json={"mode": "disabled"})
        assert (same.status_code, same.headers["upstream-writes"]) == (200, "0")
        assert (await bench.client.delete(MODE)).status_code == 204
        dry = await bench.client.put(MODE, params={"dry_run": "true"}, json={"mode": "test_mode"})
        assert dry.status_code == 200
        bad = await bench.client.put(MODE, json={"mode": "x"})
        refused(bad, 422, "invalid-settings", "mode")
        status = (await bench.client.get(f"{BASE}/status")).json()
        assert (status["writes"], status["production"]) == ("refused", False)
        prod = await bench.client.get("/v1/environments/prod/status")
        assert prod.json()["writes"] == "allowed"
        assert nothing_written(bench)


async def test_even_lowering_waits_for_the_operator(another: Another) -> None:
    """contract 1.2: `observe-only` is among the few things that stop it."""
    async with another({"writes": "refused"}) as bench:
        bench.imis.change(Mode=2)
        answer = await bench.client.put(MODE, json={"mode": "disabled"})
        refused(answer, 409, "observe-only")
        assert whole_record(bench)["Mode"] == 2


@pytest.mark.parametrize(
    ("tenant", "key"),
    [
        ({"organisation": "Example Association (prod)"}, "organisation"),
        ({"organisation": "Example Association (test)", "provider_id": "0"}, "provider_id"),
    ],
)
async def test_the_wrong_tenant_is_never_written_to(
    another: Another, tenant: dict[str, str], key: str
) -> None:
    """contract C46."""
    async with another({"tenant": tenant}) as bench:
        for params in ({}, {"dry_run": "true"}):
            answer = await bench.client.put(MODE, params=params, json={"mode": "test_mode"})
            assert key in refused(answer, 409, "wrong-tenant")["detail"]
        assert (await bench.client.get(MODE)).status_code == 200
        assert nothing_written(bench)


async def test_the_right_tenant_is_written_to_and_asked_once(another: Another) -> None:
    """contract C46, section 7: the tenant is read once per log-in session."""
    async with another({"tenant": {"organisation": "Example Association (test)"}}) as bench:
        for mode in ("test_mode", "disabled", "test_mode"):
            answer = await bench.client.put(MODE, json={"mode": mode})
            assert answer.status_code == 200, answer.text
        assert bench.imis.counters.by_route["GET /api/SystemSettings/0"] == 1
        bench.imis.organisation = "Example Association (restored from prod)"
        bench.imis.expire_sessions()
        await bench.client.get(MODE)
        answer = await bench.client.put(MODE, json={"mode": "disabled"})
        refused(answer, 409, "wrong-tenant")
        assert whole_record(bench)["Mode"] == 1


async def test_hosts_that_are_not_pinned_are_not_trusted(another: Another) -> None:
    """contract C45: where a list is not set, nothing is in it; the text names the key."""
    async with another({"sso_hosts": [], "imis_hosts": ["members.example.org"]}) as bench:
        await settle(bench)
        address = bench.cloud_sso.base_url
        answer = await bench.client.put(OPENID_CONNECT, json={"authority_url": address})
        body = refused(answer, 422, "untrusted-host", "authority_url")
        assert "sso_hosts" in body["detail"]
        answer = await bench.client.put(
            OPENID_CONNECT, json={"redirect_login_url": f"{bench.imis.base_url}/"}
        )
        refused(answer, 422, "untrusted-host", "redirect_login_url")
        assert nothing_written(bench)
        body = {"redirect_login_url": "https://members.example.org/"}
        assert (await bench.client.put(OPENID_CONNECT, json=body)).status_code == 200


async def test_a_refused_log_in_is_tried_once_by_all_processes(
    another: Another, fresh: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C47: also after a restart, and until the credential changes."""
    imis, change = fresh.imis("test"), _original_passwords(fresh, monkeypatch)
    imis.patch({"password": "changed at the product"})
    async with another(change) as bench:
        for method in ("GET", "GET", "PUT", "DELETE"):
            content = b'{"on_destroy":"disable"}' if method == "DELETE" else b'{"mode":"test_mode"}'
            answer = await bench.client.request(method, MODE, content=content)
            if method != "DELETE":  # nothing is managed, so that there is nothing to look at
                refused(answer, 424, "upstream-credentials-refused")
        async with another(change) as second:
            answer = await second.client.get(MODE)
            body = refused(answer, 424, "upstream-credentials-refused")
            assert "imis-sso login test --retry" in body["detail"]
    async with another(change) as restarted:
        refused(await restarted.client.get(MODE), 424, "upstream-credentials-refused")
        assert (imis.counters.refused_logins, imis.counters.logins) == (1, 0)
        monkeypatch.setenv("IMIS_PASSWORD_OF_THIS_TEST", "changed at the product")
        assert (await restarted.client.get(MODE)).status_code == 200
    assert (imis.counters.refused_logins, imis.counters.logins) == (1, 1)


async def test_the_memory_of_a_refusal_can_be_cleared(
    another: Another, fresh: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C47: a password mended at the product, by `imis-sso login --retry`."""
    imis, change = fresh.imis("test"), _original_passwords(fresh, monkeypatch)
    right = imis.password
    imis.patch({"password": "changed at the product"})
    async with another(change) as bench:
        refused(await bench.client.get(MODE), 424, "upstream-credentials-refused")
        imis.patch({"password": right})
        refused(await bench.client.get(MODE), 424, "upstream-credentials-refused")
        assert await bench.service.store.refused_logins.forget("test") == 1
        assert (await bench.client.get(MODE)).status_code == 200


@pytest.mark.browser
async def test_a_refused_log_in_at_cloud_sso_is_tried_once(
    another: Another, fresh: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C47: repeated failures lock out (product facts 4.1); iMIS goes on."""
    cloud_sso, change = fresh.cloud_sso("test"), _original_passwords(fresh, monkeypatch)
    cloud_sso.patch({"password": "changed at the product"})
    async with another(change) as bench:
        for path in (
            CLIENT,
            REDIRECT,
            f"{BASE}/verification",
            f"{BASE}/secrets/cloud-sso-imis-client",
        ):
            refused(await bench.client.get(path), 424, "upstream-credentials-refused")
        assert (await bench.client.get(OPENID_CONNECT)).status_code == 200
    async with another(change) as restarted:
        refused(await restarted.client.get(CLIENT), 424, "upstream-credentials-refused")
    assert (cloud_sso.counters.refused_logins, cloud_sso.counters.logins) == (1, 0)


async def test_a_corrected_password_file_needs_no_restart(another: Another, tmp_path: Any) -> None:
    """contract C47: cleared by a changed credential."""
    async with another() as bench:
        bench.imis.patch({"password": "changed at the product"})
        refused(await bench.client.get(MODE), 424, "upstream-credentials-refused")
        (tmp_path / "test-imis").write_text("changed at the product", "utf-8")
        assert (await bench.client.get(MODE)).status_code == 200


async def test_a_write_begins_only_if_it_can_end_in_time(
    settled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C33: else 503 `busy`, nothing written."""
    monkeypatch.setattr(ImisRest, "write_seconds", 100.0)
    refused(await settled.client.put(MODE, json={"mode": "test_mode"}), 503, "busy")
    assert settled.imis.counters.requests == 0
    assert (await settled.client.get(MODE)).status_code == 200


async def test_status_asks_no_product(settled: Bench) -> None:
    """contract C3, section 1."""
    await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    settled.imis.counters.reset()
    reader = settled.caller(Scope.READ, ("test",))
    status = (await reader.get(f"{BASE}/status")).json()
    assert (status["environment"], status["writes"]) == ("test", "allowed")
    entries = {each.pop("resource"): each for each in status["resources"]}
    assert list(entries) == [
        "imis/openid-connect",
        "imis/oidc-authentication",
        "imis/licence",
        "cloud-sso/imis-client",
        "cloud-sso/imis-sso-settings",
    ]
    written = entries["imis/openid-connect"]
    assert written["connector"] == "imis_rest"
    assert written["unreachable"] == ["email_body"]
    assert written["managed"] is True
    assert written["pending_manual_step"] is None
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", written["last_managed_write"]["when"]
    )
    client = entries["cloud-sso/imis-client"]
    assert (client["capability"], client["connector"]) == ("read", "cloud_sso_dashboard")
    assert entries["cloud-sso/imis-sso-settings"]["capability"] == "read-write"
    assert settled.imis.counters.requests == 0
    assert settled.cloud_sso.counters.requests == 0


async def test_collections_list_what_can_be_got(settled: Bench) -> None:
    """contract section 1: strict providers search them, then GET the item."""
    found = {}
    for path in ("/v1/environments", BASE, f"{BASE}/imis", f"{BASE}/cloud-sso", f"{BASE}/secrets"):
        answer = await settled.client.get(path)
        assert list(answer.json()) == ["items"]
        for item in answer.json()["items"]:
            assert sorted(item) == ["id", "name"]
            assert item["name"]
        found[path] = [item["id"] for item in answer.json()["items"]]
    assert found["/v1/environments"] == ["prod", "test"]
    assert found[f"{BASE}/imis"] == ["openid-connect", "oidc-authentication", "licence"]
    assert found[f"{BASE}/cloud-sso"] == ["imis-client", "imis-sso-settings", "directories"]
    assert found[f"{BASE}/secrets"] == ["cloud-sso-imis-client", "partner", "vanished"]
    assert found[BASE] == [
        "imis", "cloud-sso", "changes", "connectors", "emergency", "manual-steps", "secrets",
        "snapshots", "status", "verification",
    ]  # fmt: skip
    assert settled.imis.counters.requests == 0
    assert settled.cloud_sso.counters.requests == 0


async def test_health_and_version(settled: Bench) -> None:
    """contract section 1."""
    nobody = settled.anybody()
    assert (await nobody.get("/v1/healthz")).content == b'{"status":"ok"}'
    assert (await nobody.get("/livez")).json() == {"status": "ok"}
    assert (await nobody.get("/readyz")).json() == {"status": "ok"}
    version = (await nobody.get("/version")).json()
    assert version["name"] == "imis-sso"
    assert re.match(r"\d+\.\d+", version["version"])


async def test_not_ready_without_its_store(another: Another) -> None:
    """contract C3: readiness asks the store and no product."""
    async with another() as bench:
        database = next(bench.service.settings.data_dir.glob("*.sqlite*"), None) or next(
            bench.service.settings.data_dir.glob("*.db")
        )
        for each in database.parent.glob(f"{database.name}*"):
            each.write_bytes(b"this is no database at all" * 400)
        answer = await bench.anybody().get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
        assert (await bench.anybody().get("/livez")).status_code == 200
        assert bench.imis.counters.requests == 0
