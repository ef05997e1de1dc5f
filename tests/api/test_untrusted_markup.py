"""What a product says is text, never markup: targets S5.

Both products answer with HTML in values, in errors and in names of fields; every answer that a
caller can get then, and every page, is searched for it.
"""

from __future__ import annotations

from typing import Any

import pytest
from api_answers import bring_into_agreement
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.simulators import Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;"
PAGES = ("/docs", "/problems", "/problems/upstream-error", "/openapi.json")
READS = (
    OPENID_CONNECT, MODE, CLIENT, REDIRECT, f"{BASE}/verification", f"{BASE}/status",
    f"{BASE}/secrets/cloud-sso-imis-client", f"{BASE}/secrets/{MARKUP}", f"/v1/environments/{MARKUP}",
    f"/problems/{MARKUP}", f"/{MARKUP}", BASE, f"{BASE}/imis",
)  # fmt: skip


async def _everything(bench: Bench) -> None:
    """Read all there is, write what is refused, look at every page."""
    for path in READS:
        _harmless(await bench.client.get(path, params={"fields": MARKUP, "probe": MARKUP}))
        _harmless(await bench.client.get(path))
    for body in ({"name": MARKUP}, {MARKUP: MARKUP}, {"type": MARKUP}, {"well_known_url": MARKUP}):
        for params in ({}, {"dry_run": "true", "include": "meta"}, {MARKUP: "1"}):
            _harmless(await bench.client.put(OPENID_CONNECT, json=body, params=params))
    _harmless(await bench.client.put(MODE, json={"mode": "enabled"}))
    _harmless(await bench.client.put(REDIRECT, json={"redirect_url": bench.redirect_url}))
    for page in PAGES:
        answer = await bench.client.get(page)
        assert answer.status_code == 200
        assert "alert(1)" not in answer.text
        assert "<img" not in answer.text


def _harmless(answer) -> None:
    assert "<" not in answer.text, answer.text
    assert answer.headers["content-type"].startswith(
        ("application/json", "application/problem+json")
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for name, value in answer.headers.items():
        assert "<script" not in name + value


async def test_markup_in_what_the_products_hold(bench: Bench) -> None:
    """Every text field of iMIS and what Cloud SSO shows."""
    bring_into_agreement(bench, mode=1)
    bench.imis.change(
        ProviderName=MARKUP, Authority=MARKUP, WellKnownUrl=MARKUP, RedirectLoginUri=MARKUP,
        ExternalIdClaimType=MARKUP, StaffClaimType=MARKUP, ProviderClientId=MARKUP,
    )  # fmt: skip
    bench.cloud_sso.redirect_url = MARKUP
    held = await bench.client.get(OPENID_CONNECT)
    assert held.json()["name"] == MARKUP, "it is shown as it is, escaped"
    await _everything(bench)


VALIDATION = {
    "$type": "Asi.Soa.Core.DataContracts.ValidationResultsData, Asi.Contracts",
    "Errors": {"$values": [{"FieldName": MARKUP, "Message": MARKUP, "Location": MARKUP}]},
    "HasErrors": True,
    "IsValid": False,
    "Summary": MARKUP,
}
ANSWERS = [
    ("read", {"status": 500, "body": MARKUP, "media_type": "text/html"}),
    ("read", {"status": 200, "body": MARKUP, "media_type": "text/html"}),
    ("write", {"status": 400, "body": VALIDATION}),
    ("write", {"status": 400, "body": MARKUP}),
    ("write", {"status": 409, "body": MARKUP, "media_type": "text/html"}),
]


@pytest.mark.parametrize(("role", "params"), ANSWERS, ids=lambda each: str(each)[:40])
async def test_markup_in_what_the_products_answer(
    settled: Bench, role: str, params: dict[str, Any]
) -> None:
    """Error pages, refusals with names and sentences of theirs."""
    settled.imis.faults.add(Fault("status", {"role": role}, times=None, params=params))
    write = await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    assert write.status_code in {424, 502, 503}, write.text
    _harmless(write)
    for path in (OPENID_CONNECT, MODE, f"{BASE}/status"):
        _harmless(await settled.client.get(path))
    assert settled.imis.counters.requests > 0
