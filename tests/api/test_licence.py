"""`imis/licence`: what can be told of it over REST, which is nothing (product facts 3.4)."""

from __future__ import annotations

import pytest
from service_bench import BASE, Bench

from imis_sso.domain.checks import Status
from imis_sso.domain.documents.licence import Licensed
from imis_sso.domain.licence import judge_licence

pytestmark = pytest.mark.anyio

LICENCE = f"{BASE}/imis/licence"


async def test_over_rest_it_is_unknown_and_nobody_is_asked(bench: Bench) -> None:
    """Contract 1, C4: no guess, and no 404."""
    bench.imis.counters.reset()
    answer = await bench.client.get(LICENCE)
    assert (answer.status_code, answer.json()) == (200, {"openid_connect": "unknown"})
    assert bench.imis.counters.requests == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_nobody_writes_it(bench: Bench, method: str) -> None:
    answer = await bench.client.request(method, LICENCE, json={"openid_connect": "licensed"})
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("licensed", "status"),
    [
        ("licensed", Status.PASSED),
        ("not_licensed", Status.FAILED),
        ("unknown", Status.SKIPPED),
    ],
)
def test_it_is_judged(licensed: Licensed, status: Status) -> None:
    """Contract section 6: unknown proves nothing."""
    check = judge_licence(licensed)
    assert (check.id, check.status) == ("licence.openid-connect", status)
    assert bool(check.remedy) == (status is not Status.PASSED)
