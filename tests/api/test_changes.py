"""`/changes`: the audit trail over the API (contract sections 1 and 7)."""

from __future__ import annotations

from typing import Any

import pytest
from service_bench import BASE, MODE, OPENID_CONNECT, Bench

from imis_sso.domain.access import Scope

CHANGES = f"{BASE}/changes"


async def listed(bench: Bench, **query: Any) -> dict[str, Any]:
    answer = await bench.client.get(CHANGES, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
async def written(settled: Bench) -> Bench:
    """Three writes: two of a name, one of the mode, the last with a stated reason."""
    writes: list[tuple[str, dict[str, Any], Any]] = [
        (OPENID_CONNECT, {"name": "one"}, {}),
        (OPENID_CONNECT, {"name": "two"}, {}),
        (MODE, {"mode": "test_mode"}, {"X-Change-Reason": b"ticket 12\xa0\x01"}),
    ]
    for path, body, headers in writes:
        answer = await settled.client.put(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    return settled


async def test_the_newest_lines_come_first(written: Bench) -> None:
    found = await listed(written)
    assert [each["seq"] for each in found["items"]] == [6, 5, 4, 3, 2, 1]
    assert found["next"] == ""
    assert [each["kind"] for each in found["items"]] == ["outcome", "intent"] * 3


async def test_pages_follow_each_other(written: Bench) -> None:
    for order, numbers in (("newest", [6, 5, 4, 3, 2, 1]), ("oldest", [1, 2, 3, 4, 5, 6])):
        seen: list[int] = []
        cursor = ""
        while True:
            page = await listed(written, limit=4, cursor=cursor, order=order)
            seen += [each["seq"] for each in page["items"]]
            cursor = page["next"]
            if not cursor:
                break
        assert seen == numbers


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"resource": "imis/oidc-authentication"}, [6, 5]),
        ({"kind": "intent"}, [5, 3, 1]),
        ({"result": "applied"}, [6, 4, 2]),
        ({"result": "differs"}, []),
        ({"who": "caller", "kind": "outcome"}, [6, 4, 2]),
        ({"who": "nobody"}, []),
        ({"since": "2000-01-01T00:00:00Z", "until": "2000-01-02T00:00:00+01:00"}, []),
        ({"since": "2000-01-01", "limit": "1"}, [6]),
        ({"unknown": "ignored on GET (C14)"}, [6, 5, 4, 3, 2, 1]),
    ],
)
async def test_a_selection(written: Bench, query: dict[str, str], numbers: list[int]) -> None:
    assert [each["seq"] for each in (await listed(written, **query))["items"]] == numbers


async def test_the_lines_of_one_write(written: Bench) -> None:
    write = (await listed(written))["items"][0]["write"]
    assert [each["seq"] for each in (await listed(written, write=write))["items"]] == [6, 5]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "x"),
        ("limit", "9" * 400),
        ("cursor", "-1"),
        ("cursor", "1; DROP TABLE"),
        ("kind", "other"),
        ("result", "%"),
        ("order", "up"),
        ("since", "yesterday"),
    ],
)
async def test_a_bad_parameter_is_named(bench: Bench, name: str, value: str) -> None:
    answer = await bench.client.get(CHANGES, params={name: value})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [name]


async def test_a_line_says_who_from_where_and_why(written: Bench) -> None:
    """The reason is the caller's own word, cleaned of what does not print."""
    line = (await listed(written))["items"][1]
    assert line["who"] == "caller"
    assert line["from"]["stated_reason"] == "ticket 12"
    assert line["from"]["address"] == "127.0.0.1"
    assert line["facts"]["fields"] == ["mode"]
    assert line["facts"]["before"].startswith('"')


async def test_a_reader_sees_only_its_environments(bench: Bench) -> None:
    """contract C41."""
    reader = bench.caller(Scope.READ, ("prod",))
    assert (await reader.get(CHANGES)).status_code == 403
    assert (await bench.caller(Scope.READ, ("test",)).get(CHANGES)).status_code == 200


async def test_a_checkpoint_for_the_outside(written: Bench) -> None:
    found = (await written.client.get(f"{CHANGES}/checkpoint")).json()
    last = (await listed(written))["items"][0]
    assert (found["checkpoint"]["seq"], found["checkpoint"]["hash"]) == (6, last["hash"])
    assert found["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    empty = (await written.client.get("/v1/environments/prod/changes/checkpoint")).json()
    assert empty["checkpoint"] is None
