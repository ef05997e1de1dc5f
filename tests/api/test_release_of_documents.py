"""DELETE of a singleton: contract C5, C30."""

from __future__ import annotations

from typing import Any

import pytest
from api_answers import Another, nothing_written, refused, settle, whole_record
from service_bench import BASE, MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.domain.access import Scope

pytestmark = pytest.mark.anyio


async def _managed(bench: Bench, path: str) -> bool:
    resources = (await bench.client.get(f"{BASE}/status")).json()["resources"]
    return next(each["managed"] for each in resources if path.endswith(each["resource"]))


@pytest.mark.parametrize("path", [OPENID_CONNECT, MODE, REDIRECT])
async def test_delete_is_idempotent_and_by_default_changes_nothing(
    settled: Bench, path: str
) -> None:
    before = whole_record(settled)
    for _ in range(3):
        answer = await settled.client.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["upstream-writes"] == "0"
    assert whole_record(settled) == before
    assert settled.imis.counters.requests == 0
    assert settled.cloud_sso.counters.requests == 0


async def test_delete_ends_the_managed_period_and_a_write_begins_a_new_one(settled: Bench) -> None:
    await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    assert await _managed(settled, OPENID_CONNECT)
    assert (await settled.client.delete(OPENID_CONNECT)).status_code == 204
    assert not await _managed(settled, OPENID_CONNECT)
    assert settled.imis.record["ProviderName"] == "Members", "retain"
    got = await settled.client.get(OPENID_CONNECT)
    assert got.status_code == 200, "never 404"
    again = await settled.client.put(OPENID_CONNECT, content=got.content)
    assert again.headers["upstream-writes"] == "0"
    assert await _managed(settled, OPENID_CONNECT)


@pytest.mark.parametrize("where", ["query", "body", "both"])
async def test_disable_lowers_the_mode(settled: Bench, where: str) -> None:
    await settled.client.put(MODE, json={"mode": "test_mode"})
    params = {"on_destroy": "disable"} if where != "body" else {}
    body = {"on_destroy": "disable"} if where != "query" else {}
    answer = await settled.client.request("DELETE", MODE, params=params, json=body)
    assert (answer.status_code, answer.headers["upstream-writes"]) == (204, "1")
    assert whole_record(settled)["Mode"] == 0
    again = await settled.client.request("DELETE", MODE, params=params, json=body)
    assert (again.status_code, again.headers["upstream-writes"]) == (204, "0")


async def test_without_a_managed_write_disable_writes_nothing(settled: Bench) -> None:
    """contract C5: what we never managed is not ours to lower."""
    settled.imis.change(Mode=1)
    answer = await settled.client.delete(MODE, params={"on_destroy": "disable"})
    assert answer.status_code == 204
    assert whole_record(settled)["Mode"] == 1
    assert nothing_written(settled)


async def test_the_period_counts_and_not_what_was_before_it(settled: Bench) -> None:
    await settled.client.put(MODE, json={"mode": "test_mode"})
    await settled.client.delete(MODE)
    answer = await settled.client.delete(MODE, params={"on_destroy": "disable"})
    assert answer.status_code == 204
    assert whole_record(settled)["Mode"] == 1


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        (MODE, {"on_destroy": "nonsense"}, {}),
        (MODE, {"on_destroy": ""}, {}),
        (MODE, {"on_destroy": "Disable"}, {}),
        (MODE, {"on_destroy": "restored"}, {}),
        (OPENID_CONNECT, {"on_destroy": "disable"}, {}),
        (OPENID_CONNECT, {}, {"on_destroy": "disable"}),
        (MODE, {"on_destroy": "retain"}, {"on_destroy": "disable"}),
        (MODE, {"on_destroy": "disable"}, {"on_destroy": "retain"}),
        (MODE, {}, {"on_destroy": 1}),
        (MODE, {}, {"on_destroy": ["disable"]}),
        (MODE, {}, {"mode": "disabled"}),
        (MODE, {}, {"on_destroy": "disable", "x": 1}),
    ],
)
async def test_an_unknown_or_contradictory_mode_of_destruction_is_refused(
    settled: Bench, path: str, params: dict[str, str], body: dict[str, Any]
) -> None:
    settled.imis.change(Mode=1)
    await settled.client.put(MODE, json={"mode": "test_mode"})
    answer = await settled.client.request("DELETE", path, params=params, json=body)
    refused(answer, 422, "invalid-settings", "on_destroy")
    assert nothing_written(settled)
    assert await _managed(settled, MODE), "a refused DELETE ends nothing"


@pytest.mark.parametrize("body", [b"", b"{}", b'{"on_destroy":"retain"}'])
async def test_a_body_is_allowed(settled: Bench, body: bytes) -> None:
    answer = await settled.client.request("DELETE", OPENID_CONNECT, content=body)
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"\xff", b'{"on_destroy":"retain","on_destroy":"retain"}']
)
async def test_a_bad_body_is_refused(settled: Bench, body: bytes) -> None:
    answer = await settled.client.request("DELETE", OPENID_CONNECT, content=body)
    assert answer.status_code in (400, 422)
    assert nothing_written(settled)


async def test_the_environment_says_what_delete_does(another: Another) -> None:
    """contract C5: `on_destroy`, and `retain` where a resource lacks that mode."""
    async with another({"on_destroy": "disable"}) as bench:
        await settle(bench)
        await bench.client.put(MODE, json={"mode": "test_mode"})
        await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
        kept = await bench.client.delete(OPENID_CONNECT)
        assert (kept.status_code, kept.headers["upstream-writes"]) == (204, "0")
        assert whole_record(bench)["ProviderName"] == "Members"
        assert (await bench.client.delete(MODE, params={"on_destroy": "retain"})).status_code == 204
        assert whole_record(bench)["Mode"] == 1, "the caller overrides it"
        await bench.client.put(MODE, json={"mode": "test_mode"})
        assert (await bench.client.delete(MODE)).status_code == 204
        assert whole_record(bench)["Mode"] == 0


async def test_if_match_guards_delete(settled: Bench) -> None:
    """contract C34."""
    put = await settled.client.put(MODE, json={"mode": "test_mode"})
    stale = await settled.client.delete(MODE, headers={"If-Match": '"x"'})
    refused(stale, 412, "precondition-failed")
    assert await _managed(settled, MODE)
    right = await settled.client.delete(MODE, headers={"If-Match": put.headers["etag"]})
    assert right.status_code == 204


async def test_errors_to_delete_never_contain_the_digits_404(settled: Bench) -> None:
    """contract C30: restapi 2 takes them for "already gone"."""
    paths = [
        f"{MODE}?on_destroy=404",
        f"{MODE}?x404x=1",
        f"{BASE}/imis/404",
        "/v1/environments/404/imis/openid-connect",
        "/404",
    ]
    answers = [await settled.client.delete(path) for path in paths]
    answers.append(await settled.client.delete(MODE, headers={"If-Match": '"404"'}))
    bodies = [b'{"404":1}', b'{"on_destroy":"404"}', b"x" * 404, b'{"404":1,"404":2}']
    answers += [await settled.client.request("DELETE", MODE, content=body) for body in bodies]
    answers.append(await settled.caller(Scope.READ).delete(MODE))
    for answer in answers:
        assert answer.status_code >= 400
        assert "404" not in answer.text
        assert "404" not in answer.headers["x-request-id"]
        assert answer.json()["detail"]
    assert "404" in answers[0].json()["detail"], "readable all the same, once it is parsed"


async def test_request_ids_have_no_digits(settled: Bench) -> None:
    """contract C30."""
    for _ in range(50):
        answer = await settled.anybody().get("/livez")
        assert answer.headers["x-request-id"].isalpha()
