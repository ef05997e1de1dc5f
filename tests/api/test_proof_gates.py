"""Raising the mode and editing a live pair, with the provider asked: contract 1.2, C15, section 6.

The provider is the simulated Cloud SSO's own: it authenticates clients and compares redirects.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from api_answers import Another, bring_into_agreement, errors_of, nothing_written, refused
from service_bench import BASE, MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.simulators.faults import Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

ATTESTATIONS = f"{BASE}/attestations"
CURRENT = f"{ATTESTATIONS}/current"
VERIFICATION = f"{BASE}/verification"
REGISTERED, ACCEPTED = "redirect.registered", "client.secret-accepted"
ATTESTED, PAGE = "sign-in.attested", "imis.sign-in-page"
DRY = {"dry_run": "true", "include": "meta"}
UP = {"mode": "enabled"}
CLAIM = {"user_authentication": {"claim_value": "1"}}


def seen(bench: Bench, **more: Any) -> dict[str, Any]:
    """Give the body for a sign-in that worked, by the values that both products have."""
    told = {"client_id": bench.cloud_sso.client_id, "redirect_url": bench.redirect_url}
    return told | {"outcome": "signed-in"} | more


async def attested(bench: Bench, **more: Any) -> dict[str, Any]:
    answer = await bench.client.post(ATTESTATIONS, json=seen(bench, **more))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused_tokens(bench: Bench) -> int:
    return sum(
        count for route, count in bench.cloud_sso.counters.by_route.items() if "token" in route
    )


# --- activation ------------------------------------------------------------------------------


async def test_a_client_that_the_provider_refuses_keeps_the_mode_down(bench: Bench) -> None:
    """contract 1.2: every setting agrees, and yet nobody could sign in."""
    bring_into_agreement(bench, mode=1)
    assert (await bench.client.get(VERIFICATION)).json()["passed"] is True
    bench.cloud_sso.patch({"client_status": "disabled"})
    answer = await bench.client.put(MODE, json=UP)
    body = refused(answer, 409, "verification-failed", REGISTERED, ACCEPTED)
    assert all(each["detail"].startswith("failed: ") for each in body["errors"])
    assert nothing_written(bench)
    bench.cloud_sso.patch({"client_status": "active"})
    assert (await bench.client.put(MODE, json=UP)).status_code == 200
    assert bench.imis.record["Mode"] == 2


@pytest.mark.parametrize(
    "spoilt",
    [{"client_type": "public"}, {"token_methods": ["private_key_jwt"]}],
)
async def test_what_the_provider_cannot_prove_is_never_taken_for_proved(
    bench: Bench, spoilt: dict[str, Any]
) -> None:
    """contract 1.2: such a pair goes live only by a sign-in, or not at all."""
    bring_into_agreement(bench, mode=1)
    bench.cloud_sso.patch(spoilt)
    active = (await bench.client.get(VERIFICATION, params={"probe": "active"})).json()
    statuses = {each["id"]: each["status"] for each in active["checks"]}
    skipped = [each for each in (REGISTERED, ACCEPTED, PAGE) if statuses[each] == "skipped"]
    answer = await bench.client.put(MODE, json=UP)
    refused(answer, 409, "verification-failed", *skipped, ATTESTED)
    assert nothing_written(bench)
    await attested(bench)
    assert (await bench.client.put(MODE, json=UP)).status_code == 200


async def test_a_sign_in_is_required_where_the_operator_says_so(another: Another) -> None:
    """contract 1.2: production asks for it unless it says otherwise."""
    async with another({"production": True, "rehearsal": "not-required"}) as bench:
        bring_into_agreement(bench, mode=1)
        verification = (await bench.client.get(VERIFICATION)).json()
        check = next(each for each in verification["checks"] if each["id"] == ATTESTED)
        assert (check["status"], verification["passed"]) == ("failed", False)
        assert "imis-sso attest-sign-in test" in check["remedy"]
        refused(await bench.client.put(MODE, json=UP), 409, "verification-failed", ATTESTED)
        await attested(bench)
        assert (await bench.client.get(VERIFICATION)).json()["passed"] is True
        bench.imis.change(RequirePublicUsers=True)
        refused(await bench.client.put(MODE, json=UP), 409, "verification-failed", ATTESTED)
        bench.imis.change(RequirePublicUsers=False)
        assert (await bench.client.put(MODE, json=UP)).status_code == 200
        # Live, and in production: not edited but in test mode.
        answer = await bench.client.put(OPENID_CONNECT, json={"require_public_users": True})
        body = refused(answer, 409, "activation-guard", "require_public_users")
        assert "in test_mode only" in body["detail"]


async def test_a_reader_learns_passively_and_asks_the_provider_nothing(bench: Bench) -> None:
    """contract C15, C40: what only probes decide is listed."""
    bring_into_agreement(bench, mode=1)
    bench.cloud_sso.patch({"client_status": "disabled"})
    answer = await bench.caller(Scope.READ).put(MODE, params=DRY, json=UP)
    assert answer.status_code == 200, answer.text
    undecided = answer.json()["meta"]["undecided"]
    assert {REGISTERED, ACCEPTED, PAGE} <= set(undecided)
    assert refused_tokens(bench) == 0


async def test_with_apply_a_dry_run_says_what_the_write_says(bench: Bench) -> None:
    """contract C15."""
    bring_into_agreement(bench, mode=1)
    apply = bench.caller(Scope.APPLY)
    bench.cloud_sso.patch({"client_status": "disabled"})
    dry = await apply.put(MODE, params=DRY, json=UP)
    real = await apply.put(MODE, json=UP)
    assert errors_of(refused(dry, 409, "verification-failed")) == errors_of(
        refused(real, 409, "verification-failed")
    )
    bench.cloud_sso.patch({"client_status": "active"})
    dry = await apply.put(MODE, params=DRY, json=UP)
    assert not {REGISTERED, ACCEPTED, PAGE} & set(dry.json()["meta"]["undecided"])
    assert nothing_written(bench)


async def test_a_probe_in_an_activation_costs_the_provider_little(bench: Bench) -> None:
    """issue 5: at most three refused requests in an active run."""
    bring_into_agreement(bench, mode=1)
    assert (await bench.client.put(MODE, json=UP)).status_code == 200
    assert 0 < refused_tokens(bench) <= 3


# --- a live pair -----------------------------------------------------------------------------


async def test_a_live_pair_is_repaired_without_lowering_it(bench: Bench) -> None:
    """contract 1.2: on either half, with the new values verified before they are written."""
    bring_into_agreement(bench, mode=2)
    bench.imis.change(StaffClaimValue="true")
    answer = await bench.client.put(OPENID_CONNECT, json=CLAIM)
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1"), answer.text
    assert "imis-sso-notice" not in answer.headers
    bench.cloud_sso.patch({"redirect_url": ""})
    body = {"redirect_url": bench.redirect_url}
    answer = await bench.client.put(REDIRECT, json=body)
    assert (answer.status_code, bench.cloud_sso.redirect_url) == (200, bench.redirect_url)
    assert (bench.imis.record["StaffClaimValue"], bench.imis.record["Mode"]) == ("1", 2)


async def test_an_edit_after_which_nobody_could_sign_in_is_undone(bench: Bench) -> None:
    """contract 1.2: put back in iMIS itself, with both verdicts in the answer, and audited."""
    bring_into_agreement(bench, mode=2)
    before = bench.imis.state()["record"]
    slow = Fault("latency", {"role": "write"}, params={"seconds": 1.0})
    bench.imis.faults.add(slow)

    async def somebody() -> None:
        while slow.hits == 0:  # the new values have been verified; they are being written now
            await asyncio.sleep(0.01)
        bench.cloud_sso.patch({"client_status": "disabled"})

    edit = bench.client.put(OPENID_CONNECT, json={"require_public_users": True, "name": "New"})
    answer, _ = await asyncio.gather(edit, somebody())
    body = refused(answer, 409, "activation-guard")
    said = errors_of(body)
    assert list(said) == ["verification.before", "verification.after", REGISTERED, ACCEPTED]
    assert said["verification.before"]["detail"] == "passed (active proof)"
    assert said["verification.after"]["detail"].startswith(f"failed: {REGISTERED}, {ACCEPTED}")
    assert "The old values were put back." in body["detail"]
    assert answer.headers["upstream-writes"] == "2"
    assert bench.imis.state()["record"] == before
    changes = (await bench.client.get(f"{BASE}/changes", params={"kind": "intent"})).json()
    assert [each["facts"].get("why", "") for each in changes["items"]][:1] != [""]


async def test_a_forced_edit_is_audited_as_forced(bench: Bench) -> None:
    """contract 1.2: an administrator's own risk; nothing is verified or undone."""
    bring_into_agreement(bench, mode=2)
    body = {"client_id": "another"}
    answer = await bench.client.put(OPENID_CONNECT, params={"force": "true"}, json=body)
    assert answer.status_code == 200
    assert refused_tokens(bench) == 0
    changes = (await bench.client.get(f"{BASE}/changes", params={"kind": "intent"})).json()
    assert changes["items"][0]["facts"]["forced"] == ["activation-guard"]


# --- attestations ----------------------------------------------------------------------------


async def test_a_sign_in_is_put_on_record_and_audited(bench: Bench) -> None:
    """contract 1.2: who, when, digest, client, redirect, outcome, and nothing else."""
    bring_into_agreement(bench, mode=1)
    now = (await bench.client.get(CURRENT)).json()
    assert now["attestation"] is None
    assert (now["mode"], now["required"]) == ("test_mode", False)
    found = await attested(bench, digest=now["digest"])
    assert sorted(found) == ["at", "client_id", "digest", "outcome", "redirect_url", "who"]
    assert (found["who"], found["digest"]) == ("caller", now["digest"])
    assert (await bench.client.get(CURRENT)).json()["attestation"] == found
    changes = (await bench.client.get(f"{BASE}/changes", params={"kind": "attested"})).json()
    assert [each["facts"] for each in changes["items"]] == [found]
    assert nothing_written(bench)


@pytest.mark.parametrize(
    ("more", "status", "slug", "field"),
    [
        ({"client_id": "another"}, 409, "verification-failed", "client_id"),
        ({"redirect_url": "https://elsewhere.example/"}, 409, "verification-failed", ""),
        ({"digest": "0" * 64}, 409, "upstream-changed", ""),
        ({"outcome": "perhaps"}, 422, "invalid-settings", "outcome"),
        ({"outcome": None}, 422, "invalid-settings", "outcome"),
        ({"client_id": ""}, 422, "invalid-settings", "client_id"),
        ({"redirect_url": 5}, 422, "invalid-settings", "redirect_url"),
        ({"digest": "x\n"}, 422, "invalid-settings", "digest"),
        ({"token": "t"}, 422, "unknown-field", "token"),
    ],
)
async def test_what_is_not_attested(
    bench: Bench, more: dict[str, Any], status: int, slug: str, field: str
) -> None:
    """contract 1.2: client and redirect are compared with the live pair before anything is kept."""
    bring_into_agreement(bench, mode=1)
    answer = await bench.client.post(ATTESTATIONS, json=seen(bench) | more)
    refused(answer, status, slug, *([field] if field else []))
    assert (await bench.client.get(CURRENT)).json()["attestation"] is None
    changes = (await bench.client.get(f"{BASE}/changes", params={"kind": "attested"})).json()
    assert changes["items"] == []


async def test_who_may_attest(bench: Bench) -> None:
    """contract C40: `apply`; and there has to be somebody who can sign in."""
    bring_into_agreement(bench, mode=1)
    reader = bench.caller(Scope.READ)
    refused(await reader.post(ATTESTATIONS, json=seen(bench)), 403, "forbidden")
    assert (await reader.get(CURRENT)).status_code == 200
    assert (await bench.caller(Scope.APPLY).post(ATTESTATIONS, json=seen(bench))).is_success
    bench.imis.change(Mode=0)
    refused(await bench.client.post(ATTESTATIONS, json=seen(bench)), 409, "transition-refused")
