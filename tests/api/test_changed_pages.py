"""A page that changed since it was accepted: refused with 0 writes, told, accepted, written."""

from __future__ import annotations

from typing import Any

import pytest
from api_answers import refused
from service_bench import BASE, REDIRECT, Bench

from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.cloud_sso_dashboard.connector import SETTINGS
from imis_sso.services.closings import forget_closings

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def page_of(bench: Bench) -> dict[str, Any]:
    pages = (await bench.client.get(f"{BASE}/status")).json()["pages"]
    (page,) = [each for each in pages if each["page"] == f"{CloudSsoDashboard.name}/{SETTINGS}"]
    return dict(page)


async def test_a_write_to_a_changed_page_waits_for_a_person(settled: Bench) -> None:
    """Product facts 4.5; architecture, connectors. The description fits the page all the time."""
    bench = settled
    connector = bench.service.pairs["test"].doors["cloud-sso"].doors[0].connector._connector  # type: ignore[attr-defined, union-attr]
    assert isinstance(connector, CloudSsoDashboard)
    assert (await bench.client.get(REDIRECT)).status_code == 200
    page = await page_of(bench)
    assert (page["accepted_by"], page["changes"]) == (None, [])

    wanted = {"redirect_url": bench.redirect_url}
    bench.cloud_sso.change_variant({"cloud_sso_required": True})
    bench.cloud_sso.counters.reset()
    answer = await bench.client.put(REDIRECT, json=wanted)
    detail = refused(answer, 424, "upstream-page-changed")["detail"]
    assert '"redirect url" must be filled in now' in detail
    assert f"imis-sso pages accept test {SETTINGS}" in detail
    assert (bench.cloud_sso.counters.writes, bench.cloud_sso.redirect_url) == (0, "")
    assert (await page_of(bench))["changes"] == ['"redirect url" must be filled in now']

    await connector.pages.accept(await connector.pages.look(SETTINGS), "cli.me")
    await forget_closings(bench.service.store.facts, "test")
    answer = await bench.client.put(REDIRECT, json=wanted)
    assert answer.status_code == 200, answer.text
    assert bench.cloud_sso.redirect_url == bench.redirect_url
    accepted = await page_of(bench)
    assert (accepted["accepted_by"], accepted["changes"]) == ("cli.me", [])
    assert accepted["fingerprint"] != page["fingerprint"]
