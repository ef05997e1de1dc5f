"""Emergencies over the API: the report, the brake, the hold and its release (contract 1.2)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from api_answers import bring_into_agreement, nothing_written, refused, whole_record
from service_bench import BASE, MODE, Bench
from sqlalchemy import delete

from imis_sso.domain.access import Scope
from imis_sso.domain.emergency import CHECKS
from imis_sso.domain.verdicts import CHECK_IDS
from imis_sso.simulators.faults import Fault
from imis_sso.store.tables import HOLDS

pytestmark = pytest.mark.anyio

EMERGENCY, RELEASE = f"{BASE}/emergency", f"{BASE}/hold/release"
DEAD = {"role": "page"}, {"role": "read"}, {"role": "login"}, {"role": "protocol"}


@pytest.fixture(autouse=True)
async def _no_hold(bench: Bench) -> None:
    async with bench.service.store.database.begin() as connection:
        await connection.execute(delete(HOLDS))


@pytest.fixture
def dead_cloud_sso(bench: Bench) -> Iterator[None]:
    """Cloud SSO answers nothing any more, whatever is asked."""
    sessions = dict(bench.cloud_sso._sessions)
    bench.cloud_sso.faults.replace(Fault("reset", dict(each), times=None) for each in DEAD)
    yield
    bench.cloud_sso.faults.clear()
    bench.cloud_sso._sessions = sessions


async def pull(bench: Bench, scope: Scope = Scope.APPLY, **body: Any) -> dict[str, Any]:
    answer = await bench.caller(scope).post(EMERGENCY, json={"reason": "locked out"} | body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json() | {"writes": answer.headers["upstream-writes"]}
    return found


async def report(bench: Bench) -> dict[str, Any]:
    answer = await bench.caller(Scope.READ).get(EMERGENCY)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["status"] for each in found["checks"]}


@pytest.mark.browser
async def test_an_agreeing_pair_is_not_broken(bench: Bench) -> None:
    bring_into_agreement(bench, mode=2)
    found = await report(bench)
    assert found["broken"] is False
    assert list(statuses(found).items()) == [
        (each, "passed") for each in (*CHECKS, *CHECK_IDS, "expiry")
    ]
    assert (found["mode"], found["hold"]) == ("enabled", None)
    assert [each["mode"] for each in found["sign_in"] if each["now"]] == ["enabled"]
    assert nothing_written(bench)


@pytest.mark.browser
async def test_what_is_broken_is_named(bench: Bench) -> None:
    """The rotated secret, the moved document and the wrong claim, each by its own check."""
    bring_into_agreement(bench, mode=1)
    bench.imis.change(
        ClientSecret="forgotten-one", ExternalIdClaimType="sub", Authority="https://x.example"
    )
    found = await report(bench)
    failed = [name for name, status in statuses(found).items() if status == "failed"]
    assert failed == [
        "sso.issuer", "client.secret-matches", "discovery.issuer-matches", "claims.recipe",
    ]  # fmt: skip
    assert "forgotten-one" not in str(found)


@pytest.mark.browser
@pytest.mark.usefixtures("dead_cloud_sso")
async def test_a_dead_cloud_sso_is_told_and_the_mode_goes_down(bench: Bench) -> None:
    """Must show of the issue: lowering works with Cloud SSO dead, and raising is held then."""
    bring_into_agreement(bench, mode=2)
    found = statuses(await report(bench))
    assert found["imis.record"] == "passed"
    assert found["sso.discovery"] == found["cloud-sso.dashboard"] == "failed"
    pulled = await pull(bench, mode="disabled")
    assert (pulled["outcome"], pulled["mode"], pulled["writes"]) == ("lowered", "disabled", "1")
    assert whole_record(bench)["Mode"] == 0
    refused(await bench.client.put(MODE, json={"mode": "test_mode"}), 409, "held")


async def test_a_hold_is_shown_and_released_with_a_reason(bench: Bench) -> None:
    pulled = await pull(bench)
    assert (pulled["outcome"], pulled["writes"]) == ("not-asked", "0")
    hold = pulled["hold"]
    assert (hold["who"], hold["reason"]) == ("caller", "locked out")
    status = await bench.caller(Scope.READ).get(f"{BASE}/status")
    assert status.json()["hold"] == hold
    for query in ("", "?force=true", "?dry_run=true"):
        answer = await bench.client.put(f"{MODE}{query}", json={"mode": "test_mode"})
        assert "locked out" in refused(answer, 409, "held")["detail"]
    refused(await bench.caller(Scope.APPLY).post(RELEASE, json={"reason": "r"}), 403, "forbidden")
    answer = await bench.client.post(RELEASE, json={"reason": "mended"})
    assert answer.json() == {"environment": "test", "released": hold}
    answer = await bench.client.post(RELEASE, json={"reason": "mended"})
    assert answer.json() == {"environment": "test", "released": None}
    assert (await bench.client.put(MODE, json={"mode": "test_mode"})).status_code == 200


@pytest.mark.parametrize(("number", "mode"), [(0, "disabled"), (0, "test_mode"), (1, "test_mode")])
async def test_the_brake_never_raises(bench: Bench, number: int, mode: str) -> None:
    bench.imis.change(Mode=number)
    pulled = await pull(bench, mode=mode, hold=False)
    assert (pulled["outcome"], pulled["hold"]) == ("already", None)
    assert whole_record(bench)["Mode"] == number
    assert bench.imis.counters.writes == 0


async def test_where_imis_does_not_answer_the_step_is_told_and_the_hold_stands(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.imis.change(Mode=2)
    for role in ("read", "write", "login"):
        bench.imis.faults.add(Fault("reset", {"role": role}, times=None))
    caplog.set_level(logging.ERROR, "imis_sso")
    pulled = await pull(bench, mode="disabled")
    assert (pulled["outcome"], pulled["mode"], pulled["writes"]) == ("failed", "unknown", "0")
    assert pulled["detail"]
    assert bench.simulation.environments["test"].imis_url in pulled["manual_step"]
    assert '"OIDC authentication" to "Disabled"' in pulled["manual_step"]
    assert pulled["hold"]["reason"] == "locked out"
    bench.imis.faults.clear()
    bench.imis.change(Mode=0)
    refused(await bench.client.put(MODE, json={"mode": "test_mode"}), 409, "held")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": 1}, "reason"),
        ({"reason": "a\nb"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "r", "mode": "enabled"}, "mode"),
        ({"reason": "r", "mode": 1}, "mode"),
        ({"reason": "r", "hold": "yes"}, "hold"),
        ({"reason": "r", "hold": False}, "mode"),
        ({"reason": "r", "mod": "disabled"}, "mod"),
    ],
)
async def test_a_body_that_is_none_does_nothing(
    bench: Bench, body: dict[str, Any], field: str
) -> None:
    """contract C11: named, and nothing done."""
    slug = "unknown-field" if field == "mod" else "invalid-settings"
    refused(await bench.client.post(EMERGENCY, json=body), 422, slug, field)
    refused(await bench.client.post(f"{EMERGENCY}?dry_run=true", json=body), 422, "unknown-field")
    if "mode" not in body and "hold" not in body:
        refused(await bench.client.post(RELEASE, json=body), 422, slug, field)
    assert (await bench.client.get(f"{BASE}/status")).json()["hold"] is None


async def test_an_account_that_enabled_shuts_out_goes_back_by_its_living_session(
    bench: Bench,
) -> None:
    """contract 1.2, C47, product facts 3.3: both facts are told, and one log-in was refused."""
    bench.imis.change_variant({"imis_enabled_refuses_password": True})
    bench.imis.roles = ["RemoteService"]
    bring_into_agreement(bench, mode=1)
    answer = await bench.client.put(f"{MODE}?force=true", json={"mode": "enabled"})
    detail = refused(answer, 424, "upstream-credentials-refused")["detail"]
    assert "raised to enabled" in detail
    assert "put back to test_mode by the session that still lives" in detail
    assert answer.headers["upstream-writes"] == "2"
    assert whole_record(bench)["Mode"] == 1
    assert bench.imis.counters.refused_logins == 1
    answer = await bench.client.put(f"{MODE}?force=true", json={"mode": "enabled"})
    assert "not raised" in refused(answer, 424, "upstream-credentials-refused")["detail"]
    assert bench.imis.counters.refused_logins == 1
    assert bench.imis.counters.stored == 2


async def test_a_system_administrator_is_not_shut_out(bench: Bench) -> None:
    """product facts 3.3: a SysAdmin keeps iMIS credentials when OIDC is enabled."""
    bench.imis.change_variant({"imis_enabled_refuses_password": True})
    bring_into_agreement(bench, mode=1)
    answer = await bench.client.put(f"{MODE}?force=true", json={"mode": "enabled"})
    assert answer.status_code == 200, answer.text
    assert whole_record(bench)["Mode"] == 2


async def test_a_password_that_was_changed_keeps_the_mode_where_it_is(bench: Bench) -> None:
    """The session lives, and would not come back: nothing is written."""
    await bench.client.get(MODE)
    bench.imis.password = "changed at the console"
    answer = await bench.client.put(MODE, json={"mode": "test_mode"})
    refused(answer, 424, "upstream-credentials-refused")
    assert answer.headers["upstream-writes"] == "0"
    assert bench.imis.counters.writes == 0
