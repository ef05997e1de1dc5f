"""Raising, lowering and verifying: contract 1.2, section 6."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from api_answers import (
    PARTNER_SECRET,
    PARTNER_SOURCE,
    bring_into_agreement,
    errors_of,
    nothing_written,
    refused,
    whole_record,
)
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, Bench
from test_named_secrets import BUILT_IN, _names, version_of

from imis_sso.domain.access import Scope
from imis_sso.services.secrets import Shown
from imis_sso.simulators.faults import Fault

pytestmark = pytest.mark.anyio

VERIFICATION = f"{BASE}/verification"
CHECKS = [
    "client.id-matches",
    "client.secret-matches",
    "discovery.url-matches",
    "discovery.issuer-matches",
    "redirect.matches",
    "claims.recipe",
]
AGREED = {
    "licence.openid-connect": "skipped",
    "client.id-matches": "passed",
    "client.secret-matches": "passed",
    "discovery.url-matches": "passed",
    "discovery.reachable": "passed",
    "discovery.issuer-matches": "passed",
    "jwks.usable": "passed",
    "redirect.matches": "passed",
    "redirect.registered": "skipped",
    "client.secret-accepted": "skipped",
    "claims.recipe": "passed",
    "environment.not-crossed": "passed",
    "imis.sign-in-page": "skipped",
    "expiry": "passed",
    "mode.age": "skipped",
}
"""A right pair, judged by passive proof for the first time."""
DISAGREEMENTS: dict[str, dict[str, Any]] = {
    "client.id-matches": {"ProviderClientId": "another"},
    "client.secret-matches": {"ClientSecret": "another"},
    "discovery.url-matches": {
        "WellKnownUrl": "https://127.0.0.1:1/.well-known/openid-configuration"
    },
    "discovery.issuer-matches": {"Authority": "https://127.0.0.1:1"},
    "redirect.matches": {"RedirectLoginUri": "https://127.0.0.1:1"},
    "claims.recipe": {"StaffClaimValue": "true"},
}
NUMBERS = {"disabled": 0, "test_mode": 1, "enabled": 2}


async def _verified(bench: Bench) -> dict[str, Any]:
    answer = await bench.caller(Scope.READ).get(VERIFICATION)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _statuses(verification: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check["status"] for check in verification["checks"]}


@pytest.mark.browser
async def test_an_agreeing_pair_passes_every_check(bench: Bench) -> None:
    """contract section 6: shape, stable order, no timestamps."""
    bring_into_agreement(bench)
    verification = await _verified(bench)
    assert list(verification) == ["checks", "environment", "passed", "proof"]
    head = {"environment": "test", "passed": True, "proof": "passive"}
    assert head.items() <= verification.items()
    assert list(_statuses(verification).items()) == list(AGREED.items())
    for check in verification["checks"]:
        assert sorted(check) == ["detail", "fields", "id", "remedy", "status"]
    assert await _verified(bench) == verification
    assert nothing_written(bench)


@pytest.mark.browser
@pytest.mark.parametrize("check", CHECKS)
async def test_each_disagreement_fails_its_check_and_keeps_the_mode_down(
    bench: Bench, check: str
) -> None:
    """contract 1.2, section 6: 409 that lists each failed check, and what to do."""
    bring_into_agreement(bench, mode=1)
    bench.imis.change(**DISAGREEMENTS[check])
    verification = await _verified(bench)
    assert verification["passed"] is False
    assert _statuses(verification) == AGREED | {check: "failed"}
    answer = await bench.client.put(MODE, json={"mode": "enabled"})
    body = refused(answer, 409, "verification-failed")
    failed = next(each for each in verification["checks"] if each["id"] == check)
    assert failed["remedy"]
    assert failed["remedy"] in errors_of(body)[check]["detail"]
    assert check in body["detail"]
    assert nothing_written(bench)


@pytest.mark.browser
async def test_all_failed_checks_are_listed_at_once(bench: Bench) -> None:
    """contract 1.2."""
    bench.imis.change(Mode=1)
    answer = await bench.client.put(MODE, json={"mode": "enabled"})
    body = refused(answer, 409, "verification-failed")
    assert {*CHECKS} <= errors_of(body).keys()
    assert ".." not in body["detail"]
    assert nothing_written(bench)


@pytest.mark.browser
async def test_what_cannot_be_compared_is_skipped_and_never_passed(bench: Bench) -> None:
    """contract section 6: `skipped` and `warning` do not fail."""
    bring_into_agreement(bench, mode=1)
    bench.imis.change_variant({"imis_secret": "masked"})
    bench.imis.change(SetLoginHint=False)
    verification = await _verified(bench)
    skipped = {"client.secret-matches": "skipped", "claims.recipe": "warning"}
    assert _statuses(verification) == AGREED | skipped
    assert verification["passed"] is True


@pytest.mark.browser
async def test_without_a_record_verification_fails(bench: Bench) -> None:
    """contract section 6."""
    bench.imis.change_variant({"imis_records": "none"})
    assert (await _verified(bench))["passed"] is False


@pytest.mark.parametrize("query", ["probe=", "probe=Active", "probe=true"])
async def test_a_probe_is_passive_or_active(settled: Bench, query: str) -> None:
    """contract section 6: what is misspelt is refused, not quietly passive."""
    answer = await settled.client.get(f"{VERIFICATION}?{query}")
    refused(answer, 422, "invalid-settings", "probe")
    assert settled.imis.counters.requests == 0


@pytest.mark.browser
async def test_the_address_that_cloud_sso_shows_is_fetched_not_the_records(bench: Bench) -> None:
    """contract section 6, C45."""
    bring_into_agreement(bench)
    bench.imis.change(WellKnownUrl="https://127.0.0.1:1/.well-known/openid-configuration")
    statuses = _statuses(await _verified(bench))
    assert statuses["discovery.url-matches"] == "failed"
    assert statuses["discovery.reachable"] == "passed"


async def test_active_probes_need_the_scope_apply(settled: Bench) -> None:
    """contract C40: they cost refused requests at the provider."""
    answer = await settled.caller(Scope.READ).get(f"{VERIFICATION}?probe=active")
    refused(answer, 403, "forbidden")
    assert settled.imis.counters.requests == 0


@pytest.mark.browser
async def test_active_probes_decide_and_a_passive_run_remembers(bench: Bench) -> None:
    """contract section 6: the last active results, while settings and secret are unchanged."""
    bring_into_agreement(bench)
    decided = {"redirect.registered": "passed", "client.secret-accepted": "passed"}
    answer = await bench.caller(Scope.APPLY).get(f"{VERIFICATION}?probe=active")
    active = answer.json()
    assert (active["proof"], active["passed"]) == ("active", True)
    assert _statuses(active) == AGREED | decided
    passive = await _verified(bench)
    assert (passive["proof"], _statuses(passive)) == ("passive", AGREED | decided)
    bench.imis.change(StaffClaimValue="2")
    assert _statuses(await _verified(bench)) == AGREED | {"claims.recipe": "failed"}
    assert nothing_written(bench)


TRANSITIONS = [
    ("disabled", "disabled", 200, "0"),
    ("disabled", "test_mode", 200, "1"),
    ("disabled", "enabled", 409, "0"),
    ("test_mode", "disabled", 200, "1"),
    ("test_mode", "test_mode", 200, "0"),
    ("test_mode", "enabled", 200, "1"),
    ("enabled", "disabled", 200, "1"),
    ("enabled", "test_mode", 200, "1"),
    ("enabled", "enabled", 200, "0"),
]


@pytest.mark.browser
@pytest.mark.parametrize(("before", "after", "status", "writes"), TRANSITIONS)
async def test_every_transition_of_an_agreeing_pair(
    bench: Bench, before: str, after: str, status: int, writes: str
) -> None:
    """contract 1.2."""
    bring_into_agreement(bench, NUMBERS[before])
    answer = await bench.caller(Scope.APPLY).put(MODE, json={"mode": after})
    assert (answer.status_code, answer.headers["upstream-writes"]) == (status, writes), answer.text
    if status == 409:
        assert "test_mode" in refused(answer, 409, "transition-refused")["detail"]
    expected = after if status == 200 else before
    assert whole_record(bench)["Mode"] == NUMBERS[expected]


@pytest.mark.browser
@pytest.mark.parametrize("mode", [0, 1])
async def test_only_an_admin_forces_the_gate(bench: Bench, mode: int) -> None:
    """contract 1.2, C40."""
    bench.imis.change(Mode=mode)
    forced = {"force": "true"}
    for scope in (Scope.READ, Scope.APPLY, Scope.APPLY_PROTECTED):
        answer = await bench.caller(scope).put(MODE, params=forced, json={"mode": "enabled"})
        refused(answer, 403, "forbidden")
    assert nothing_written(bench)
    answer = await bench.client.put(MODE, params=forced, json={"mode": "enabled"})
    assert (answer.status_code, answer.json()) == (200, {"mode": "enabled"})


async def test_force_does_not_make_a_record(settled: Bench) -> None:
    """contract 1.2: a mode needs a record."""
    settled.imis.change_variant({"imis_records": "none"})
    answer = await settled.client.put(MODE, params={"force": "true"}, json={"mode": "test_mode"})
    refused(answer, 409, "transition-refused")


@pytest.mark.browser
async def test_what_moves_while_the_gate_is_judged_stops_the_write(bench: Bench) -> None:
    """contract section 7: a field that moved, and that sign-in depends on → 409."""
    bring_into_agreement(bench, mode=1)
    await bench.client.get(MODE)
    slow = Fault("latency", {"role": "read"}, times=None, params={"seconds": 0.6})
    bench.cloud_sso.faults.add(slow)

    async def person() -> None:
        while slow.hits == 0:  # the first read of iMIS is over once Cloud SSO is asked
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        bench.imis.change(RequirePublicUsers=True)

    answer, _ = await asyncio.gather(bench.client.put(MODE, json={"mode": "enabled"}), person())
    refused(answer, 409, "upstream-changed")
    assert bench.imis.counters.writes == 0


def _break_cloud_sso(bench: Bench) -> None:
    bench.cloud_sso.faults.add(Fault("reset", times=None))


@pytest.mark.parametrize(("before", "after"), [(2, "test_mode"), (2, "disabled"), (1, "disabled")])
async def test_lowering_asks_nothing_of_cloud_sso(settled: Bench, before: int, after: str) -> None:
    """contract 1.2: always possible, with a dead Cloud SSO and halves that disagree."""
    settled.imis.change(Mode=before)
    _break_cloud_sso(settled)
    answer = await settled.caller(Scope.APPLY).put(MODE, json={"mode": after})
    assert (answer.status_code, answer.json()) == (200, {"mode": after})
    assert settled.cloud_sso.counters.requests == 0


@pytest.mark.parametrize("secret", ["masked", "absent"])
@pytest.mark.parametrize("recorded", ["nothing", "built-in", "vanished"])
async def test_lowering_goes_on_without_the_secret(
    bench: Bench, secret: str, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 1.2: then the version reads `""`, and the answer says to push it again."""
    bench.imis.change_variant({"imis_secret": secret})
    if recorded == "vanished":
        names = _names("partner", version_of(bench, PARTNER_SECRET))
        await bench.client.put(OPENID_CONNECT, json=names)
        monkeypatch.delenv(PARTNER_SOURCE)
    elif recorded == "built-in":
        version = version_of(bench, bench.cloud_sso.client_secret)
        await bench.service.pairs["test"].secrets.remember(Shown(BUILT_IN, version))
    bench.imis.change(Mode=2)
    _break_cloud_sso(bench)
    dry = await bench.client.put(MODE, params={"dry_run": "true"}, json={"mode": "disabled"})
    assert dry.status_code == 200
    answer = await bench.client.put(MODE, params={"include": "meta"}, json={"mode": "disabled"})
    assert answer.status_code == 200, answer.text
    assert "push the secret again" in answer.headers["imis-sso-notice"]
    assert answer.json()["meta"]["notices"] == [answer.headers["imis-sso-notice"]]
    assert whole_record(bench)["Mode"] == 0
    document = (await bench.client.get(OPENID_CONNECT)).json()
    assert (document["client_secret_ref"], document["client_secret_version"]) == ("", "")
    assert bench.imis.record.get("ClientSecret") != "********"
    assert bench.cloud_sso.counters.requests == 0


async def test_lowering_keeps_a_secret_that_resolves(bench: Bench) -> None:
    """contract 1.2: another source than Cloud SSO is used where there is one."""
    bench.imis.change_variant({"imis_secret": "absent"})
    await bench.client.put(
        OPENID_CONNECT, json=_names("partner", version_of(bench, PARTNER_SECRET))
    )
    bench.imis.change(Mode=2)
    _break_cloud_sso(bench)
    answer = await bench.client.put(MODE, json={"mode": "test_mode"})
    assert answer.status_code == 200
    assert "imis-sso-notice" not in answer.headers
    assert bench.imis.record["ClientSecret"] == PARTNER_SECRET


@pytest.mark.browser
async def test_the_whole_way_up_through_the_api(bench: Bench) -> None:
    """contract 1.2: Cloud SSO client → iMIS settings → redirect → test mode → enabled."""
    await bench.go_live()
    assert (await bench.client.get(MODE)).json() == {"mode": "enabled"}
    assert (await _verified(bench))["passed"] is True
    assert (await bench.client.get(CLIENT)).json()["client_id"] == bench.imis.record[
        "ProviderClientId"
    ]
