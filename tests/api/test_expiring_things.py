"""What expires, in verification, the gate and the status (contract section 6, 1.2, C3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from api_answers import Another, bring_into_agreement, errors_of, refused
from service_bench import BASE, MODE, Bench

from imis_sso.domain.access import Scope
from imis_sso.simulators import Simulation

pytestmark = pytest.mark.anyio


def _day(days: int) -> str:
    return str((datetime.now(UTC) + timedelta(days=days)).date())


def _dated(**days: int) -> dict[str, Any]:
    """Give secrets that are good for so many more days."""
    return {
        "secrets": {
            name: {"source": "env:NEVER_SET", "for": ["imis/openid-connect"], "expires": _day(left)}
            for name, left in days.items()
        }
    }


async def _expiry(bench: Bench) -> dict[str, Any]:
    answer = await bench.caller(Scope.READ).get(f"{BASE}/verification")
    assert answer.status_code == 200, answer.text
    (last,) = [each for each in answer.json()["checks"] if each["id"] == "expiry"]
    return dict(last)


@pytest.mark.browser
async def test_an_expired_secret_fails_and_keeps_the_mode_down(another: Another) -> None:
    """contract 1.2: an activation is refused; forcing it is an admin's decision."""
    async with another(_dated(old=-1, soon=20)) as bench:
        bring_into_agreement(bench, mode=1)
        check = await _expiry(bench)
        assert check["status"] == "failed"
        assert check["fields"] == ["secrets/old", "secrets/soon"]
        assert f"the secret old has expired (good until {_day(-1)})" in check["detail"]
        assert f"the secret soon is good until {_day(20)}, less than 30 days" in check["detail"]
        put = await bench.client.put(MODE, json={"mode": "enabled"})
        assert check["remedy"] in refused(put, 409, "verification-failed", "expiry")["detail"]
        forced = await bench.client.put(f"{MODE}?force=true", json={"mode": "enabled"})
        assert forced.status_code == 200


@pytest.mark.browser
async def test_a_warning_refuses_nothing(another: Another) -> None:
    """contract section 6: `warning` does not fail."""
    async with another(_dated(soon=1)) as bench:
        bring_into_agreement(bench, mode=1)
        check = await _expiry(bench)
        assert check["status"] == "warning"
        assert check["detail"].endswith("less than 7 days")
        assert (await bench.client.put(MODE, json={"mode": "enabled"})).status_code == 200


@pytest.mark.browser
async def test_the_operators_days_count(another: Another) -> None:
    async with another(_dated(soon=90) | {"expiry_warning_days": [100]}) as bench:
        check = await _expiry(bench)
        assert check["status"] == "warning"
        assert check["detail"].endswith("less than 100 days")


@pytest.mark.browser
async def test_certificates_are_looked_at_where_they_are_served(
    bench: Bench, fresh: Simulation
) -> None:
    """Those of iMIS and of the SSO host; the metrics' values come without asking anybody again."""
    expiry = bench.service.pairs["test"].expiry
    check = await _expiry(bench)
    place = fresh.environments["test"]
    hosts = [urlsplit(each).netloc for each in (place.imis_url, place.cloud_sso_url)]
    assert check["status"] == "passed"
    assert all(f"the certificate of {host}" in check["detail"] for host in hosts)
    now = datetime.now(UTC)
    known = expiry.known()
    left = known.seconds_left(now)
    assert list(left) == [("certificate", host) for host in hosts]
    assert min(left.values()) > 60 * 86400
    assert known.certificates_seen_at is not None


@pytest.mark.browser
async def test_a_private_host_that_is_not_named_is_skipped(another: Another) -> None:
    """The verification passes all the same; to go live, though, the provider must be asked (1.2)."""
    async with another({"egress": {"allow": []}}) as bench:
        bring_into_agreement(bench, mode=1)
        check = await _expiry(bench)
        assert check["status"] == "skipped"
        assert "egress.allow" in check["detail"]
        assert (await bench.client.get(f"{BASE}/verification")).json()["passed"] is True
        answer = await bench.client.put(MODE, json={"mode": "enabled"})
        assert "sign-in.attested" in errors_of(refused(answer, 409, "verification-failed"))


async def test_the_status_tells_dated_secrets_without_asking_anybody(
    another: Another, fresh: Simulation
) -> None:
    """contract C3."""
    async with another(_dated(a=300, b=10, c=-1)) as bench:
        status = (await bench.caller(Scope.READ).get(f"{BASE}/status")).json()
        assert status["expiry"] == [
            {"secret": "a", "expires": _day(300), "status": "passed"},
            {"secret": "b", "expires": _day(10), "status": "warning"},
            {"secret": "c", "expires": _day(-1), "status": "failed"},
        ]
        expiry = bench.service.pairs["test"].expiry.known()
        assert expiry.certificates_seen_at is None
        assert [each.thing.name for each in expiry.lifetimes] == ["a", "b", "c"]
    assert fresh.imis("test").counters.requests == 0
    assert fresh.cloud_sso("test").counters.requests == 0
