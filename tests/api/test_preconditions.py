"""Entity tags: contract C34, RFC 9110 section 13."""

from __future__ import annotations

import asyncio
import re

import pytest
from api_answers import Another, nothing_written, refused, settle
from service_bench import BASE, MODE, OPENID_CONNECT, Bench

pytestmark = pytest.mark.anyio


async def _etag(bench: Bench, path: str = OPENID_CONNECT) -> str:
    return (await bench.client.get(path)).headers["etag"]


async def test_the_tag_changes_with_the_document_and_only_then(settled: Bench) -> None:
    first = await _etag(settled)
    assert first.startswith('"')
    assert await _etag(settled) == first
    settled.imis.change(SortOrder=4, Mode=1)
    assert await _etag(settled) == first, "what the document does not show is none of its business"
    settled.imis.change(ProviderName="Members")
    assert await _etag(settled) != first


async def test_if_match_lets_the_right_tag_through(settled: Bench) -> None:
    tag = await _etag(settled)
    put = await settled.client.put(OPENID_CONNECT, json={"name": "A"}, headers={"If-Match": tag})
    assert put.status_code == 200
    assert put.headers["etag"] == await _etag(settled)
    stale = await settled.client.put(OPENID_CONNECT, json={"name": "B"}, headers={"If-Match": tag})
    assert put.headers["etag"] in refused(stale, 412, "precondition-failed")["detail"]
    assert settled.imis.counters.writes == 1


@pytest.mark.parametrize("header", ["*", '"x", {tag}', '{tag},"x"', 'W/"x" ,{tag}', '"a, b",{tag}'])
async def test_if_match_takes_lists_and_the_star(settled: Bench, header: str) -> None:
    tag = await _etag(settled)
    headers = {"If-Match": header.format(tag=tag)}
    put = await settled.client.put(OPENID_CONNECT, json={"name": "A"}, headers=headers)
    assert put.status_code == 200


@pytest.mark.parametrize(
    "header", ['"x"', "W/{tag}", "{bare}", "", '"x", W/{tag}', '"a, *, b"', "x,*,y", "nonsense", '"'
])  # fmt: skip
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_if_match_refuses_every_other_tag(settled: Bench, method: str, header: str) -> None:
    """RFC 9110 13.1.1: the strong comparison; what is no tag at all matches nothing."""
    tag = await _etag(settled)
    headers = {"If-Match": header.format(tag=tag, bare=tag.strip('"'))}
    content = b"" if method == "DELETE" else b'{"name":"A"}'
    answer = await settled.client.request(method, OPENID_CONNECT, content=content, headers=headers)
    refused(answer, 412, "precondition-failed")
    assert nothing_written(settled)


async def test_if_match_counts_for_what_changes_nothing_too(settled: Bench) -> None:
    """RFC 9110 13.1.1: the condition is on the present state, whatever the request would do."""
    same = (await settled.client.get(OPENID_CONNECT)).json()
    answer = await settled.client.put(OPENID_CONNECT, json=same, headers={"If-Match": '"x"'})
    refused(answer, 412, "precondition-failed")
    dry = await settled.client.put(
        OPENID_CONNECT, params={"dry_run": "true"}, json={"name": "A"}, headers={"If-Match": '"x"'}
    )
    refused(dry, 412, "precondition-failed")


async def test_an_edit_by_a_person_is_noticed(settled: Bench) -> None:
    """targets R5."""
    tag = await _etag(settled)
    settled.imis.change(ProviderName="By hand")
    answer = await settled.client.put(
        OPENID_CONNECT, json={"set_login_hint": True}, headers={"If-Match": tag}
    )
    refused(answer, 412, "precondition-failed")
    assert settled.imis.record["ProviderName"] == "By hand"


async def test_of_many_writers_with_one_tag_one_wins(settled: Bench) -> None:
    """targets R5."""
    tag = await _etag(settled)
    work = (
        settled.client.put(OPENID_CONNECT, json={"name": f"W{n}"}, headers={"If-Match": tag})
        for n in range(12)
    )
    answers = await asyncio.gather(*work)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert winner.json()["name"] == settled.imis.record["ProviderName"]
    assert settled.imis.counters.writes == 1


@pytest.mark.parametrize("header", ["{tag}", "*", '"x", {tag}', "W/{tag}", 'W/"x",W/{tag}'])
async def test_if_none_match_answers_304(settled: Bench, header: str) -> None:
    """RFC 9110 13.1.2: the weak comparison, so that W/ does not matter."""
    tag = await _etag(settled)
    answer = await settled.client.get(
        OPENID_CONNECT, headers={"If-None-Match": header.format(tag=tag)}
    )
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag


@pytest.mark.parametrize("header", ['"x"', "{bare}", "", 'W/"x"', '"a, *"'])
async def test_if_none_match_of_another_tag_answers_the_document(
    settled: Bench, header: str
) -> None:
    tag = await _etag(settled)
    headers = {"If-None-Match": header.format(bare=tag.strip('"'))}
    answer = await settled.client.get(OPENID_CONNECT, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["name"] == "Single sign-on"


async def test_if_none_match_is_judged_on_a_live_read(settled: Bench) -> None:
    """contract C3: nothing stale is served."""
    tag = await _etag(settled, MODE)
    settled.imis.change(Mode=1)
    answer = await settled.client.get(MODE, headers={"If-None-Match": tag})
    assert answer.json() == {"mode": "test_mode"}


async def test_the_tag_is_that_of_the_whole_document(settled: Bench) -> None:
    """contract C14."""
    whole = await _etag(settled)
    part = await settled.client.get(OPENID_CONNECT, params={"fields": "name"})
    assert part.headers["etag"] == whole
    put = await settled.client.put(
        OPENID_CONNECT,
        params={"fields": "name"},
        json={"name": "A"},
        headers={"If-Match": whole},
    )
    assert put.json() == {"name": "A"}
    assert put.headers["etag"] == await _etag(settled)


@pytest.mark.parametrize("path", ["/v1/environments", BASE, f"{BASE}/imis", f"{BASE}/secrets"])
async def test_what_is_no_document_has_a_tag_too(settled: Bench, path: str) -> None:
    """contract C34: ETag and 304 on every GET below /v1."""
    first = await settled.client.get(path)
    tag = first.headers["etag"]
    assert re.fullmatch('"[0-9a-f]+"', tag)
    same = await settled.client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await settled.client.get(path, headers={"If-None-Match": '"x"'})).json() == first.json()


async def test_the_status_has_a_tag_that_moves_with_it(settled: Bench) -> None:
    path = f"{BASE}/status"
    tag = (await settled.client.get(path)).headers["etag"]
    unmoved = await settled.client.get(path, headers={"If-None-Match": tag})
    assert unmoved.status_code == 304
    await settled.client.put(MODE, json={"mode": "disabled"})
    moved = await settled.client.get(path, headers={"If-None-Match": tag})
    assert (moved.status_code, moved.headers["etag"] == tag) == (200, False)


# Strict mode: the environment's own setting.
STRICT = {"strict_preconditions": True}


async def test_strict_mode_asks_for_the_state_a_change_is_decided_on(another: Another) -> None:
    """contract C34: 428, of dry runs too, which refuse as the write would (C15)."""
    async with another(STRICT) as bench:
        await settle(bench)
        tag = await _etag(bench)
        for method, params in (("PUT", {}), ("PATCH", {}), ("PUT", {"dry_run": "true"})):
            for headers in ({}, {"If-Match": "*"}):
                answer = await bench.client.request(
                    method, OPENID_CONNECT, params=params, json={"name": "A"}, headers=headers
                )
                assert "ETag" in refused(answer, 428, "precondition-required")["detail"]
        assert nothing_written(bench)
        for method in ("PUT", "PATCH"):
            named = {"If-Match": tag}
            done = await bench.client.request(
                method, OPENID_CONNECT, json={"name": method}, headers=named
            )
            assert done.status_code == 200, done.text
            tag = done.headers["etag"]
        stale = await bench.client.put(
            OPENID_CONNECT, json={"name": "B"}, headers={"If-Match": '"x"'}
        )
        refused(stale, 412, "precondition-failed")
        raised = await bench.client.put(MODE, json={"mode": "test_mode"})
        refused(raised, 428, "precondition-required")


async def test_strict_mode_asks_for_nothing_where_nothing_changes(another: Another) -> None:
    """An identical PUT and a DELETE that retains; what is wrong anyhow is said first."""
    async with another(STRICT) as bench:
        await settle(bench)
        same = (await bench.client.get(OPENID_CONNECT)).json()
        put = await bench.client.put(OPENID_CONNECT, json=same)
        assert (put.status_code, put.headers["upstream-writes"]) == (200, "0")
        assert (await bench.client.delete(OPENID_CONNECT)).status_code == 204
        wrong = await bench.client.put(OPENID_CONNECT, json={"name": " x"})
        refused(wrong, 422, "not-canonical", "name")
        assert nothing_written(bench)


async def test_strict_mode_never_stops_lowering(another: Another) -> None:
    """contract 1.2: by PUT, PATCH and DELETE."""
    async with another(STRICT) as bench:
        await settle(bench)
        await bench.service.pairs["test"].managed.wrote("test", "imis/oidc-authentication", "me")
        for method, content in (
            ("PUT", b'{"mode":"test_mode"}'),
            ("PATCH", b'{"mode":"disabled"}'),
            ("DELETE", b'{"on_destroy":"disable"}'),
        ):
            bench.imis.change(Mode=2)
            answer = await bench.client.request(method, MODE, content=content)
            assert answer.headers["upstream-writes"] == "1", answer.text


async def test_strict_mode_is_the_environments_own(another: Another) -> None:
    async with another(STRICT) as bench:
        other = OPENID_CONNECT.replace("/test/", "/prod/")
        assert (await bench.client.put(other, json={"name": "A"})).status_code == 200
