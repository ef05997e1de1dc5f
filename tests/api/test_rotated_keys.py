"""A service whose server key was rotated, in front of the real simulators (contract C23, C25)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from api_answers import PARTNER_SECRET, PARTNER_SOURCE, Another, nothing_written, refused, settle
from service_bench import BASE, OPENID_CONNECT, Bench

from imis_sso.domain.ledger import AppliedSecret

pytestmark = pytest.mark.anyio

REF, VERSION = "client_secret_ref", "client_secret_version"
SECRETS = {
    "secrets": {"partner": {"source": f"env:{PARTNER_SOURCE}", "for": ["imis/openid-connect"]}}
}


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the maker of surroundings: which keys the next service has, the newest first."""
    monkeypatch.setenv(PARTNER_SOURCE, PARTNER_SECRET)

    def use(newest: str, *previous: str) -> None:
        for each in (newest, *previous):
            file = tmp_path / each
            file.touch(0o600)
            file.write_text(each * 32, "utf-8")
        monkeypatch.setenv("IMIS_SSO_FINGERPRINT_KEY_FILE", str(tmp_path / newest))
        paths = ":".join(str(tmp_path / each) for each in previous)
        monkeypatch.setenv("IMIS_SSO_FINGERPRINT_KEY_PREVIOUS", paths)

    return use


async def _pushed(bench: Bench) -> dict[str, str]:
    """Push the partner's secret, and give the name and version of it."""
    await settle(bench)
    version = (await bench.client.get(f"{BASE}/secrets/partner")).json()["version"]
    names = {REF: "partner", VERSION: version}
    answer = await bench.client.put(OPENID_CONNECT, json=names)
    assert answer.status_code == 200, answer.text
    bench.imis.counters.reset()
    return names


async def test_a_rotation_is_no_change_and_an_old_plan_is_a_no_op(
    another: Another, keys: Any
) -> None:
    """C25: nothing is pushed, the old version is taken, and the new one is shown and recorded."""
    keys("o")
    async with another(SECRETS) as bench:
        reviewed = await _pushed(bench)
    keys("n", "o")
    async with another(SECRETS) as bench:
        shown = await bench.client.get(OPENID_CONNECT)
        assert shown.json()[REF] == "partner"
        assert shown.json()[VERSION] != reviewed[VERSION]
        current = (await bench.client.get(f"{BASE}/secrets/partner")).json()["version"]
        assert shown.json()[VERSION] == current
        for query in ("?dry_run=true", ""):
            answer = await bench.client.put(f"{OPENID_CONNECT}{query}", json=reviewed)
            assert answer.status_code == 200, answer.text
            assert answer.content == shown.content
        assert answer.headers["upstream-writes"] == "0"
        assert nothing_written(bench)
        applied = bench.service.store.applied_secrets
        recorded = await applied.get("test", "imis/openid-connect")
        assert recorded == AppliedSecret("partner", current)
    keys("n")
    async with another(SECRETS) as bench:
        assert (await bench.client.get(OPENID_CONNECT)).content == shown.content
        answer = await bench.client.put(OPENID_CONNECT, json=reviewed)
        refused(answer, 409, "secret-version-changed")
        assert bench.cloud_sso.counters.requests == 0


async def test_an_old_plan_with_another_change_writes_that_alone(
    another: Another, keys: Any
) -> None:
    """C2, C25: the rest of a plan from before the rotation goes through in one write."""
    keys("o")
    async with another(SECRETS) as bench:
        reviewed = await _pushed(bench)
    keys("n", "o")
    async with another(SECRETS) as bench:
        answer = await bench.client.put(OPENID_CONNECT, json=reviewed | {"name": "Members"})
        assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1")
        assert bench.imis.record["ProviderName"] == "Members"
        assert bench.imis.record["ClientSecret"] == PARTNER_SECRET
        assert answer.content == (await bench.client.get(OPENID_CONNECT)).content


async def test_a_secret_changed_since_the_review_is_refused_in_spite_of_a_rotation(
    another: Another, keys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C23: knowing the old key excuses nothing else."""
    keys("o")
    async with another(SECRETS) as bench:
        monkeypatch.setenv(PARTNER_SOURCE, "reviewed")
        reviewed = (await bench.client.get(f"{BASE}/secrets/partner")).json()["version"]
        monkeypatch.setenv(PARTNER_SOURCE, PARTNER_SECRET)
        await _pushed(bench)
    keys("n", "o")
    monkeypatch.setenv(PARTNER_SOURCE, "changed since")
    async with another(SECRETS) as bench:
        answer = await bench.client.put(OPENID_CONNECT, json={REF: "partner", VERSION: reviewed})
        refused(answer, 409, "secret-version-changed")
        assert nothing_written(bench)


async def test_a_refused_log_in_is_known_after_a_rotation(
    another: Another, keys: Any, tmp_path: Path
) -> None:
    """C25, C47: also when the old key was dropped afterwards."""
    for step, newest in enumerate([("o",), ("n", "o"), ("n",)]):
        keys(*newest)
        async with another() as bench:
            (tmp_path / "test-imis").write_text("wrong", "utf-8")
            bench.imis.counters.reset()
            answer = await bench.client.get(OPENID_CONNECT)
            refused(answer, 424, "upstream-credentials-refused")
            assert bench.imis.counters.requests == (1 if step == 0 else 0)
