"""Who may do what: contract C40, C41, C43 (rate), targets S2."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from api_answers import Another, refused
from service_bench import BASE, OPENID_CONNECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.environments import ConfigurationError
from imis_sso.settings import ServerSettings

pytestmark = pytest.mark.anyio


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
    random = token.split("_", 3)[3].encode()
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
