"""Products in trouble: the right problem, never a wrong success. contract C4, C31, section 7, R6."""

from __future__ import annotations

import contextlib
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from api_answers import Another, bring_into_agreement, refused, settle, whole_record
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, PERMITTED, REDIRECT, Bench

from imis_sso.simulators.faults import Fault

pytestmark = pytest.mark.anyio

LOG_IN_PAGE = "<!doctype html><title>Sign in</title><form>Password <input></form>"


def _fault(bench: Bench, kind: str, role: str, times: int | None = None, **params: Any) -> Fault:
    fault = Fault(kind, {"role": role}, times=times, params=params)
    bench.imis.faults.add(fault)
    return fault


READ_FAULTS: list[tuple[str, dict[str, Any], int, str]] = [
    ("reset", {}, 502, "upstream-error"),
    ("truncate", {}, 502, "upstream-error"),
    ("truncate", {"keep": 0}, 502, "upstream-error"),
    ("status", {"status": 500, "body": "<h1>Server Error in '/' Application.</h1>"}, 502, "upstream-error"),
    ("status", {"status": 503, "retry_after": 60}, 503, "upstream-unavailable"),
    ("status", {"status": 429, "retry_after": 60}, 503, "upstream-unavailable"),
    ("status", {"status": 408}, 504, "upstream-timeout"),
    ("status", {"status": 302}, 502, "upstream-error"),
    ("status", {"status": 200, "body": LOG_IN_PAGE, "media_type": "text/html"}, 502, "upstream-error"),
    ("status", {"status": 200, "body": "{"}, 502, "upstream-error"),
    ("status", {"status": 200, "body": "{}"}, 424, "upstream-page-changed"),
    ("status", {"status": 200, "body": {"Items": {"$values": [{"Mode": 7, "ProviderId": "1"}]}}}, 424, "upstream-page-changed"),
    ("status", {"status": 403}, 424, "upstream-not-licensed"),
    ("status", {"status": 404}, 424, "upstream-not-licensed"),
    ("status", {"status": 501}, 424, "upstream-not-licensed"),
    ("status", {"status": 400, "body": "No."}, 424, "upstream-refused"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "params", "status", "slug"), READ_FAULTS)
async def test_a_failing_read_is_told_and_nothing_made_up(
    settled: Bench, kind: str, params: dict[str, Any], status: int, slug: str
) -> None:
    """contract C4, C31: never 404, never defaults, for reads and for the read before a write."""
    before = whole_record(settled)
    _fault(settled, kind, "read", **params)
    for method, content in (("GET", b""), ("PUT", b'{"mode":"test_mode"}')):
        answer = await settled.client.request(method, MODE, content=content)
        body = refused(answer, status, slug)
        assert "<" not in body["detail"]
        assert "Traceback" not in answer.text
    if "retry_after" in params:
        assert answer.headers["retry-after"] == "60"
    settled.imis.faults.clear()
    assert whole_record(settled) == before
    assert settled.imis.counters.writes == 0
    assert (await settled.client.get(MODE)).json() == {"mode": "disabled"}


async def test_a_passing_failure_of_a_read_is_waited_out(settled: Bench) -> None:
    """Product facts 3.3: 429 and 5xx are met with patience."""
    for kind, params in (("status", {"status": 503}), ("status", {"status": 500}), ("reset", {})):
        fault = _fault(settled, kind, "read", times=1, **params)
        assert (await settled.client.get(MODE)).status_code == 200
        assert fault.hits == 1


async def test_an_expired_session_is_renewed(settled: Bench) -> None:
    """targets R6: also in the middle of a write."""
    await settled.client.get(MODE)
    settled.imis.counters.reset()
    for role in ("read", "write"):
        _fault(settled, "expire_session", role, times=1)
    answer = await settled.client.put(MODE, json={"mode": "test_mode"})
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1")
    assert whole_record(settled)["Mode"] == 1
    assert settled.imis.counters.logins == 2 + 2  # raising the mode proves it twice, afresh


WRITE_FAULTS: list[tuple[str, dict[str, Any], int, str, bool]] = [
    # kind, params, status, type (or "" for success), whether iMIS took the write
    ("answer_lost", {}, 200, "", True),
    ("truncate", {"keep": 3}, 200, "", True),
    ("reset", {}, 502, "upstream-error", False),
    ("status", {"status": 500}, 502, "upstream-error", False),
    ("status", {"status": 502, "body": LOG_IN_PAGE, "media_type": "text/html"}, 502, "upstream-error", False),
    ("status", {"status": 408}, 504, "upstream-timeout", False),
    ("status", {"status": 200, "body": LOG_IN_PAGE, "media_type": "text/html"}, 502, "upstream-error", False),
    ("status", {"status": 302}, 502, "upstream-error", False),
    ("status", {"status": 200, "body": ""}, 424, "upstream-refused", False),
    ("write_dropped", {}, 424, "upstream-refused", False),
    ("write_altered", {"changes": {"ProviderName": "Altered"}}, 424, "upstream-refused", True),
    ("status", {"status": 403}, 424, "upstream-not-licensed", False),
    ("status", {"status": 501}, 424, "upstream-not-licensed", False),
    ("status", {"status": 404}, 424, "upstream-refused", False),
    ("status", {"status": 409, "body": "Duplicate."}, 424, "upstream-refused", False),
    ("status", {"status": 400, "body": "The record is locked by J. Doe."}, 424, "upstream-refused", False),
    ("status", {"status": 429}, 503, "upstream-unavailable", False),
    ("status", {"status": 503, "retry_after": 60}, 503, "upstream-unavailable", False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "params", "status", "slug", "taken"), WRITE_FAULTS)
async def test_a_write_in_trouble_is_settled_by_reading(
    settled: Bench, kind: str, params: dict[str, Any], status: int, slug: str, taken: bool
) -> None:
    """contract C33, section 7, targets R6: 200 only after a read-back shows the new state."""
    _fault(settled, kind, "write", **params)
    answer = await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    settled.imis.faults.clear()
    held = settled.imis.record["ProviderName"]
    assert (held != "Single sign-on") == taken
    if status == 200:
        assert (answer.status_code, answer.json()["name"], held) == (200, "Members", "Members")
        assert answer.headers["upstream-writes"] == "1"
    else:
        body = refused(answer, status, slug)
        assert "<" not in body["detail"]
    assert settled.imis.counters.stored == (1 if taken else 0), "never sent twice"
    now = await settled.client.get(OPENID_CONNECT)
    assert now.json()["name"] == held
    if status != 200:
        again = await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
        assert (again.status_code, again.headers["upstream-writes"]) == (200, "1")


async def test_a_value_that_is_not_kept_is_named(settled: Bench) -> None:
    """contract section 7: compare field by field."""
    _fault(settled, "write_altered", "write", changes={"ProviderName": "MEMBERS"})
    answer = await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    body = refused(answer, 424, "upstream-refused", "name")
    assert "MEMBERS" in body["detail"]
    assert answer.headers["upstream-writes"] == "1"


async def test_a_validation_error_is_passed_on_by_field(settled: Bench) -> None:
    """Product facts 3.3: ValidationResultsData, in the words of our fields."""
    results = {
        "$type": "Asi.Soa.Core.DataContracts.ValidationResultsData, Asi.Contracts",
        "Errors": {"$values": [{"FieldName": "ProviderName", "Message": "Name is taken."}]},
        "HasErrors": True,
        "IsValid": False,
    }
    _fault(settled, "status", "write", status=400, body=results)
    answer = await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    body = refused(answer, 424, "upstream-refused", "name")
    assert body["errors"][0]["detail"] == "Name is taken."


async def test_a_write_whose_read_back_fails_is_not_called_done(settled: Bench) -> None:
    """contract C33: it is not known, and the answer says so."""
    fault = Fault("reset", {"role": "read"}, times=None, skip=1)
    settled.imis.faults.add(fault)
    answer = await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    body = refused(answer, 502, "upstream-error")
    assert "not known" in body["detail"]
    assert answer.headers["upstream-writes"] == "1"
    settled.imis.faults.clear()
    assert (await settled.client.get(OPENID_CONNECT)).json()["name"] == "Members"


async def test_a_secret_whose_write_was_lost_is_not_on_record(bench: Bench) -> None:
    """contract C22: `""` when unknown; the next plan pushes again."""
    bench.imis.change_variant({"imis_secret": "masked"})
    body = {"client_secret": "inline secret"}
    assert (await bench.client.put(OPENID_CONNECT, json=body)).status_code == 200
    _fault(bench, "answer_lost", "write")
    answer = await bench.client.put(OPENID_CONNECT, json={"client_secret": "the next one"})
    assert answer.status_code == 502, "a hidden secret cannot be read back"
    assert "not known" in answer.json()["detail"]
    bench.imis.faults.clear()
    shown = (await bench.client.get(OPENID_CONNECT)).json()
    assert shown["client_secret_version"] == ""
    assert (
        await bench.client.put(OPENID_CONNECT, json={"client_secret": "the next one"})
    ).status_code == 200


def _closed_port() -> str:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{probe.getsockname()[1]}"


async def test_an_imis_that_cannot_be_reached(another: Another, fresh: Any) -> None:
    """contract C4: 503, never 404, never defaults; what needs no product goes on."""
    each = fresh.environments["test"]
    section = {
        "url": _closed_port(),
        "connector": "imis_rest",
        "username": each.imis_username,
        "password": "env:HOME",
    }
    async with another({"imis": section}) as bench:
        for method, path, content in (
            ("GET", OPENID_CONNECT, b""),
            ("PUT", MODE, b'{"mode":"test_mode"}'),
            ("PATCH", OPENID_CONNECT, b'{"name":"Members"}'),
        ):
            body = refused(
                await bench.client.request(method, path, content=content),
                503,
                "upstream-unavailable",
            )
            assert urlsplit(section["url"]).netloc in body["detail"]
        for path in (f"{BASE}/status", f"{BASE}/imis", "/readyz", f"{BASE}/secrets"):
            assert (await bench.client.get(path)).status_code == 200


async def test_an_imis_whose_certificate_is_not_trusted(another: Another, fresh: Any) -> None:
    """contract C4: TLS is never switched off."""
    async with another({"ca_file": None}) as bench:
        body = refused(await bench.client.get(MODE), 503, "upstream-unavailable")
        assert "certificate" in body["detail"]
        assert bench.imis.counters.requests == 0


@pytest.mark.browser
async def test_a_cloud_sso_that_cannot_be_reached(another: Another, fresh: Any) -> None:
    """contract C4, C22: iMIS can be read all the same."""
    each = fresh.environments["test"]
    section = {
        "url": _closed_port(),
        "connector": "cloud_sso_dashboard",
        "automation_permitted_by": PERMITTED,
        "cloud_id": each.cloud_id,
        "username": each.cloud_sso_username,
        "password": "env:HOME",
    }
    async with another({"cloud_sso": section}) as bench:
        for path in (CLIENT, REDIRECT, f"{BASE}/verification"):
            refused(await bench.client.get(path), 503, "upstream-unavailable")
        refused(
            await bench.client.put(REDIRECT, json={"redirect_url": ""}), 503, "upstream-unavailable"
        )
        await settle(bench)
        assert (await bench.client.get(OPENID_CONNECT)).status_code == 200
        bring_into_agreement(bench, mode=1)
        answer = await bench.client.put(MODE, json={"mode": "enabled"})
        refused(answer, 503, "upstream-unavailable")
        assert whole_record(bench)["Mode"] == 1
        assert (await bench.client.put(MODE, json={"mode": "disabled"})).status_code == 200


@pytest.mark.browser
@pytest.mark.parametrize("change", ["renamed", "doubled"])
async def test_a_page_that_changed_is_not_written(bench: Bench, change: str) -> None:
    """contract section 4: 424 `upstream-page-changed`, naming the label."""
    label = "Redirect URL"
    fault = Fault("changed_page", times=None, params={"change": change, "label": label})
    bench.cloud_sso.faults.add(fault)
    answer = await bench.client.put(REDIRECT, json={"redirect_url": bench.redirect_url})
    assert label in refused(answer, 424, "upstream-page-changed")["detail"]
    assert bench.cloud_sso.counters.writes == 0
    assert bench.cloud_sso.redirect_url == ""


@pytest.mark.browser
async def test_a_save_in_trouble_is_settled_by_reading(bench: Bench) -> None:
    """contract C33: what the page shows when it is loaded afresh."""
    for kind, status in (("write_dropped", 424), ("write_altered", 424)):
        bench.cloud_sso.redirect_url = ""
        bench.cloud_sso.faults.add(Fault(kind, times=1))
        answer = await bench.client.put(REDIRECT, json={"redirect_url": bench.redirect_url})
        assert answer.status_code == status, answer.text
        assert (await bench.client.get(REDIRECT)).json()[
            "redirect_url"
        ] == bench.cloud_sso.redirect_url


@pytest.mark.browser
async def test_an_expired_dashboard_session_is_renewed(bench: Bench) -> None:
    """targets R6."""
    await bench.client.get(CLIENT)
    bench.cloud_sso.expire_sessions()
    bench.cloud_sso.counters.reset()
    answer = await bench.client.put(REDIRECT, json={"redirect_url": bench.redirect_url})
    assert answer.status_code == 200
    assert (bench.cloud_sso.counters.logins, bench.cloud_sso.counters.stored) == (1, 1)


async def test_a_failure_of_our_own_is_one_problem_with_a_number(
    settled: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """contract C30: no stack trace in the answer; the log has it."""

    async def broken(*_arguments: object) -> None:
        message = "a detail of the inside"
        raise RuntimeError(message)

    monkeypatch.setattr(type(settled.service.pairs["test"].managed), "last", broken)
    answer = await settled.client.get(f"{BASE}/status")
    body = refused(answer, 500, "internal-error")
    assert "inside" not in answer.text
    assert body["request_id"] in caplog.text
    assert "a detail of the inside" in caplog.text
