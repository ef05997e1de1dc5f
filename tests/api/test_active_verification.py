"""Verification over the API, with real simulators behind it (contract section 6, C45)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from api_answers import bring_into_agreement, nothing_written
from long_runs import rounds
from service_bench import BASE, Bench

from imis_sso.domain.access import Scope

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

VERIFICATION = f"{BASE}/verification"
ACTIVE = f"{VERIFICATION}?probe=active"


async def verified(bench: Bench, address: str = ACTIVE) -> dict[str, Any]:
    answer = await bench.caller(Scope.APPLY).get(address)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def statuses(verification: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["status"] for each in verification["checks"]}


def unusual(verification: dict[str, Any]) -> dict[str, str]:
    found = statuses(verification)
    return {name: status for name, status in found.items() if status != "passed"}


async def test_a_right_pair_in_test_mode_passes_every_check(bench: Bench) -> None:
    """contract section 6: also iMIS's sign-in page, followed as a stranger would."""
    bring_into_agreement(bench, mode=1)
    found = await verified(bench)
    assert (found["passed"], found["proof"]) == (True, "active")
    # REST does not list licences, and nobody saw test mode begin.
    assert unusual(found) == {"licence.openid-connect": "skipped", "mode.age": "skipped"}
    assert nothing_written(bench)


async def test_verification_writes_nothing_a_hundred_times(bench: Bench) -> None:
    """Must show: write counters of both products stay at 0, and nobody is locked out."""
    bring_into_agreement(bench, mode=1)
    for number in range(rounds(100, 20)):
        found = await verified(bench, ACTIVE if number % 2 else VERIFICATION)
        assert found["passed"] is True
    for product in (bench.imis, bench.cloud_sso):
        assert product.counters.writes == 0
        assert product.counters.refused_logins == 0
    assert bench.cloud_sso.lockout_left() == 0


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"]])
@pytest.mark.parametrize("secret", ["s3cr3t", "a+b/c=d%e:f&g~h"])
async def test_the_secret_that_the_provider_takes(
    bench: Bench, methods: list[str], secret: str
) -> None:
    bench.cloud_sso.patch({"token_methods": methods, "client_secret": secret})
    bring_into_agreement(bench, mode=1)
    assert statuses(await verified(bench))["client.secret-accepted"] == "passed"
    bench.cloud_sso.patch({"client_secret": secret + "x"})
    bench.imis.change(ClientSecret=secret)
    failed = statuses(await verified(bench))
    assert failed["client.secret-matches"] == "failed"
    assert failed["client.secret-accepted"] == "failed"
    assert failed["redirect.registered"] == "passed"


async def test_a_stale_secret_fails_where_cloud_sso_hides_its_own(bench: Bench) -> None:
    """What only the token endpoint can tell."""
    bring_into_agreement(bench, mode=1)
    bench.cloud_sso.change_variant({"cloud_sso_secret": "absent"})
    bench.imis.change(ClientSecret="stale")
    found = await verified(bench)
    assert statuses(found)["client.secret-matches"] == "skipped"
    assert statuses(found)["client.secret-accepted"] == "failed"
    assert found["passed"] is False
    assert "stale" not in str(found)


async def test_an_unregistered_redirect_fails(bench: Bench) -> None:
    bring_into_agreement(bench, mode=1)
    bench.imis.change(RedirectLoginUri=f"{bench.redirect_url}x")
    found = statuses(await verified(bench))
    assert (found["redirect.matches"], found["redirect.registered"]) == ("failed", "failed")


async def test_a_metadata_of_another_issuer_gets_no_secret(bench: Bench) -> None:
    """contract C45: byte for byte."""
    bring_into_agreement(bench, mode=1)
    bench.cloud_sso.patch({"metadata_issuer": f"{bench.cloud_sso.issuer}/"})
    found = await verified(bench)
    assert statuses(found)["discovery.issuer-matches"] == "failed"
    assert statuses(found)["client.secret-accepted"] == "skipped"
    assert not [each for each in bench.cloud_sso.counters.by_route if "token" in each]


async def test_callers_at_one_time_share_a_run(bench: Bench) -> None:
    bring_into_agreement(bench, mode=1)
    await verified(bench, VERIFICATION)
    before = bench.cloud_sso.counters.by_route.get("POST /oauth2/token", 0)
    found = await asyncio.gather(*(verified(bench) for _ in range(10)))
    assert all(each == found[0] for each in found)
    assert bench.cloud_sso.counters.by_route["POST /oauth2/token"] - before == 2
