"""The history of an environment and going back in it (contract section 1, 7, targets R9)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_answers import (
    PARTNER_SECRET,
    Another,
    bring_into_agreement,
    nothing_written,
    refused,
    settle,
    whole_record,
)
from service_bench import BASE, MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.simulators.faults import Fault

pytestmark = pytest.mark.anyio
SNAPSHOTS = f"{BASE}/snapshots"
WHY = {"reason": "it was better"}
DRY = {"dry_run": "true"}


async def history(bench: Bench, **params: Any) -> dict[str, Any]:
    answer = await bench.client.get(SNAPSHOTS, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def restored(bench: Bench, snapshot: str, **body: Any) -> dict[str, Any]:
    answer = await bench.client.post(f"{SNAPSHOTS}/{snapshot}/restore", json=WHY | body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["upstream-writes"] == str(found["writes"])
    return found


async def names(bench: Bench, *given: str) -> list[str]:
    """Write names one after the other; gives the snapshot after each."""
    found = []
    for name in given:
        assert (await bench.client.put(OPENID_CONNECT, json={"name": name})).status_code == 200
        found.append((await history(bench, limit=1))["items"][0]["id"])
    return found


async def test_the_history_tells_how_it_came_to_be(settled: Bench) -> None:
    (first, second) = await names(settled, "one", "two")
    found = await history(settled)
    assert found["next"] == ""
    newest = found["items"][0]
    assert newest.keys() == {"id", "number", "at", "cause", "resource", "who", "seq"}
    assert [(each["cause"], each["id"]) for each in found["items"]][:2] == [
        ("written", second),
        ("written", first),
    ]
    assert (newest["resource"], newest["who"]) == ("imis/openid-connect", "caller")
    numbers = [each["number"] for each in found["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert newest["at"].endswith("Z")


async def test_pages_go_on_where_the_last_one_ended(settled: Bench) -> None:
    await names(settled, *"abcdefg")
    whole = (await history(settled))["items"]
    found, cursor = [], ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = await history(settled, limit=3, **more)
        assert len(page["items"]) <= 3
        found += page["items"]
        cursor = page["next"]
        if not cursor:
            break
    assert found == whole
    assert len(whole) == 9


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "x"),
        ("limit", "-1"),
        ("limit", ""),
        ("cursor", "x"),
        ("cursor", "9" * 400),
    ],
)
async def test_a_page_that_cannot_be(settled: Bench, name: str, value: str) -> None:
    answer = await settled.client.get(SNAPSHOTS, params={name: value})
    refused(answer, 422, "invalid-settings", name)


async def test_a_snapshot_has_the_documents_and_no_secret(settled: Bench) -> None:
    """contract C20."""
    (name,) = await names(settled, "one")
    got = await settled.client.get(OPENID_CONNECT)
    for called in (name, name[:6], "latest"):
        answer = await settled.client.get(f"{SNAPSHOTS}/{called}")
        assert answer.json()["id"] == name
        document = answer.json()["documents"]["imis/openid-connect"]
        unreachable = ["email_body"]
        assert document == {k: v for k, v in got.json().items() if k not in unreachable}
        assert settled.imis.record["ClientSecret"] not in answer.text
    refused(await settled.client.get(f"{SNAPSHOTS}/abcdef"), 404, "not-found")


async def test_a_snapshot_is_its_environments_own(settled: Bench) -> None:
    """contract C41."""
    (name,) = await names(settled, "one")
    other = SNAPSHOTS.replace("/test/", "/prod/")
    refused(await settled.client.get(f"{other}/{name}"), 404, "not-found")
    answer = await settled.client.post(f"{other}/{name}/restore", json=WHY)
    refused(answer, 404, "not-found")


async def test_restore_and_back_again(settled: Bench) -> None:
    """targets R9, at the real wire of iMIS."""
    first, _ = await names(settled, "one", "two")
    before = whole_record(settled)
    settled.imis.counters.reset()
    done = await restored(settled, first)
    assert whole_record(settled) == before | {"ProviderName": "one"}
    assert settled.imis.counters.writes == done["writes"] == 1
    assert done["snapshot"] == first
    page = next(each for each in done["documents"] if each["resource"] == "imis/openid-connect")
    assert page["changes"] == [{"field": "name", "before": "two", "after": "one"}]
    assert page["etag"] == (await settled.client.get(OPENID_CONNECT)).headers["etag"]
    assert (await history(settled))["items"][0]["cause"] == "restored"
    await restored(settled, done["before"])
    assert whole_record(settled) == before
    assert (await restored(settled, done["before"]))["writes"] == 0


async def test_a_dry_run_needs_no_more_than_read(settled: Bench) -> None:
    """contract C15, C40."""
    first, _ = await names(settled, "one", "two")
    settled.imis.counters.reset()
    reader = settled.caller(Scope.READ)
    path = f"{SNAPSHOTS}/{first}/restore"
    shown = await reader.post(path, params=DRY, json={})
    assert shown.status_code == 200, shown.text
    assert shown.json()["steps"] == [{"resource": "imis/openid-connect", "mode": None}]
    assert (shown.json()["writes"], shown.json()["before"]) == (0, "")
    assert nothing_written(settled)
    for scope in (Scope.READ, Scope.APPLY, Scope.APPLY_PROTECTED):
        refused(await settled.caller(scope).post(path, json=WHY), 403, "forbidden")
    assert nothing_written(settled)


async def test_what_was_shown_is_what_is_restored(settled: Bench) -> None:
    """contract C34: the ETags of the dry run go back with the restore."""
    first, _ = await names(settled, "one", "two")
    path = f"{SNAPSHOTS}/{first}/restore"
    shown = (await settled.client.post(path, params=DRY, json={})).json()
    expected = {each["resource"]: each["etag"] for each in shown["documents"]}
    settled.imis.change(ProviderName="by hand")
    answer = await settled.client.post(path, json=WHY | {"expected": expected})
    refused(answer, 412, "precondition-failed", "imis/openid-connect")
    assert whole_record(settled)["ProviderName"] == "by hand"
    settled.imis.change(ProviderName="two")
    assert (await restored(settled, first, expected=expected))["writes"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": 1}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\nb"}, "reason"),
        (WHY | {"resources": []}, "resources"),
        (WHY | {"resources": "imis/openid-connect"}, "resources"),
        (WHY | {"resources": ["imis/licence"]}, "resources"),
        (WHY | {"resources": ["cloud-sso/imis-client"]}, "resources"),
        (WHY | {"resources": ["cloud-sso/imis-sso-settings"]}, "resources"),
        (WHY | {"resources": [{}]}, "resources"),
        (WHY | {"resources": None}, "resources"),
        (WHY | {"expected": []}, "expected"),
        (WHY | {"expected": {"imis/openid-connect": 1}}, "expected"),
    ],
)
async def test_a_body_that_is_not_right(settled: Bench, body: dict[str, Any], field: str) -> None:
    first, _ = await names(settled, "one", "two")
    settled.imis.counters.reset()
    answer = await settled.client.post(f"{SNAPSHOTS}/{first}/restore", json=body)
    refused(answer, 422, "invalid-settings", field)
    assert nothing_written(settled)


async def test_unknown_keys_and_parameters_are_refused(settled: Bench) -> None:
    """contract C11, C14: a misspelt dry_run never does the real thing."""
    first, _ = await names(settled, "one", "two")
    settled.imis.counters.reset()
    path = f"{SNAPSHOTS}/{first}/restore"
    answer = await settled.client.post(path, json=WHY | {"resource": ["imis/openid-connect"]})
    assert "resources" in refused(answer, 422, "unknown-field", "resource")["detail"]
    answer = await settled.client.post(path, params={"dryrun": "true"}, json=WHY)
    assert "dry_run" in refused(answer, 422, "unknown-field", "dryrun")["detail"]
    answer = await settled.client.post(path, params={"dry_run": "yes"}, json=WHY)
    refused(answer, 422, "invalid-settings", "dry_run")
    for content in (b"", b"[]", b"{"):
        answer = await settled.client.post(path, content=content)
        assert answer.status_code in (400, 422)
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await settled.client.post(path, content=json.dumps(WHY), headers=form)
    refused(answer, 415, "unsupported-media-type")
    assert nothing_written(settled)


async def test_a_host_that_is_pinned_no_longer_does_not_come_back(
    settled: Bench, another: Another
) -> None:
    """contract C45: pins always win."""
    async with another() as bench:
        await settle(bench)
        bench.imis.change(RedirectLoginUri="https://elsewhere.example.org/")
        await bench.client.put(OPENID_CONNECT, json={"redirect_login_url": bench.redirect_url})
        found = (await history(bench))["items"]
        old = [each["id"] for each in found if each["resource"] == "imis/openid-connect"][-1]
        answer = await bench.client.post(f"{SNAPSHOTS}/{old}/restore", json=WHY)
        told = refused(answer, 422, "untrusted-host", "redirect_login_url")
        assert "imis_hosts" in told["detail"]
        assert "Nothing was restored" in told["detail"]


async def test_observe_only_shows_in_a_dry_run(settled: Bench, another: Another) -> None:
    """contract C44."""
    async with another() as bench:
        await settle(bench)
        (first, _) = await names(bench, "one", "two")
    async with another({"writes": "refused"}) as bench:
        path = f"{SNAPSHOTS}/{first}/restore"
        shown = await bench.client.post(path, params=DRY, json={})
        assert shown.json()["gates"][0].startswith("observe-only")
        refused(await bench.client.post(path, json=WHY), 409, "observe-only")


@pytest.mark.browser
async def test_both_products_go_back_and_a_live_pair_stays_live(bench: Bench) -> None:
    """targets R9, contract 1.2: through the page of Cloud SSO and the wire of iMIS."""
    await bench.go_live()
    live = (await history(bench))["items"][0]["id"]
    record, redirect = whole_record(bench), bench.cloud_sso.redirect_url
    await bench.client.put(MODE, json={"mode": "test_mode"})
    await bench.client.put(REDIRECT, json={"redirect_url": ""})
    partner = await bench.client.put(OPENID_CONNECT, json={"client_secret": PARTNER_SECRET})
    assert partner.status_code == 200, partner.text
    await bench.client.put(OPENID_CONNECT, json={"name": "Members", "redirect_login_url": ""})
    broken = whole_record(bench), bench.cloud_sso.redirect_url
    done = await restored(bench, live)
    assert (whole_record(bench), bench.cloud_sso.redirect_url) == (record, redirect)
    assert [(each["resource"], each["mode"]) for each in done["steps"]] == [
        ("cloud-sso/imis-sso-settings", None),
        ("imis/openid-connect", None),
        ("imis/oidc-authentication", "enabled"),
    ]
    assert [each["secret"] for each in done["documents"]] == ["", "restored", ""]
    # And back: the pair is live now, so it is lowered first.
    undone = await restored(bench, done["before"])
    assert (whole_record(bench), bench.cloud_sso.redirect_url) == broken
    assert undone["steps"][0] == {"resource": "imis/oidc-authentication", "mode": "test_mode"}
    await restored(bench, live)
    assert whole_record(bench) == record


@pytest.mark.browser
async def test_a_secret_that_cannot_come_back_is_said(bench: Bench) -> None:
    """targets R9."""
    bring_into_agreement(bench)
    (first,) = await names(bench, "one")
    bench.cloud_sso.rotate_secret()
    rotated = {"client_secret_ref": "cloud-sso-imis-client"}
    shown = (await bench.client.get(f"{BASE}/secrets/cloud-sso-imis-client")).json()
    rotated["client_secret_version"] = shown["version"]
    answer = await bench.client.put(OPENID_CONNECT, json=rotated | {"name": "two"})
    assert answer.status_code == 200, answer.text
    done = await restored(bench, first)
    assert whole_record(bench)["ProviderName"] == "one"
    assert whole_record(bench)["ClientSecret"] == bench.cloud_sso.client_secret
    (page,) = [each for each in done["documents"] if each["secret"]]
    assert page["secret"] == "kept, not restored"
    (notice,) = done["notices"]
    assert "cannot come back" in notice


@pytest.mark.browser
async def test_a_step_that_fails_leaves_a_report(bench: Bench) -> None:
    await bench.agree()
    agreed = (await history(bench))["items"][0]["id"]
    before = whole_record(bench)
    await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    await bench.client.put(REDIRECT, json={"redirect_url": ""})
    bench.imis.faults.add(Fault("write_dropped", times=None))
    answer = await bench.client.post(f"{SNAPSHOTS}/{agreed}/restore", json=WHY)
    assert answer.status_code == 424, answer.text
    told = answer.json()
    assert [(each["field"], each["detail"]) for each in told["errors"]][:2] == [
        ("cloud-sso/imis-sso-settings", "was restored"),
        ("imis/openid-connect", "was not restored"),
    ]
    assert "Restored before that: cloud-sso/imis-sso-settings." in told["detail"]
    assert bench.cloud_sso.redirect_url == bench.redirect_url
    bench.imis.faults.clear()
    await restored(bench, agreed)
    assert whole_record(bench) == before
