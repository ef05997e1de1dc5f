"""Requests that are wrong before their body is looked at: contract C14, C16, C43, section 4."""

from __future__ import annotations

import pytest
from api_answers import nothing_written, refused
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("length", ["9" * 30, "9" * 5000, "-1", "x", "²", "٣"])
async def test_an_absurd_content_length_is_no_failure(settled: Bench, length: str) -> None:
    """contract C43: headers bounded."""
    headers = {"Content-Length": length.encode("utf-8")}
    answer = await settled.client.request("PUT", MODE, content=b"{}", headers=headers)
    assert answer.status_code in (200, 400, 413)


@pytest.mark.parametrize(
    ("method", "content_type", "status"),
    [
        ("PUT", None, 200),
        ("PUT", "application/json", 200),
        ("PUT", "Application/JSON; Charset=UTF-8", 200),
        ("PUT", 'application/json; charset="utf-8"', 200),
        ("PUT", "application/json;", 200),
        ("PATCH", None, 200),
        ("PATCH", "application/json", 200),
        ("PATCH", "application/merge-patch+json", 200),
        ("PATCH", "application/merge-patch+json; charset=utf-8", 200),
        ("PUT", "application/merge-patch+json", 415),
        ("PUT", "text/plain", 415),
        ("PUT", "application/x-www-form-urlencoded", 415),
        ("PUT", "multipart/form-data; boundary=x", 415),
        ("PUT", "application/json; charset=iso-8859-1", 415),
        ("PUT", "application/json-patch+json", 415),
        ("PUT", "", 415),
        ("PUT", ";;;", 415),
        ("PATCH", "application/json-patch+json", 415),
        ("PATCH", "text/plain", 415),
    ],
)
async def test_bodies_are_json(
    settled: Bench, method: str, content_type: str | None, status: int
) -> None:
    """contract section 4 (415), C6, C16."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await settled.client.request(method, MODE, content=b"{}", headers=headers)
    assert answer.status_code == status
    if status == 415:
        refused(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "nonsense", ""])
async def test_the_content_type_of_no_body_is_ignored(settled: Bench, content_type: str) -> None:
    """contract C16."""
    headers = {"Content-Type": content_type, "Accept": "text/html", "User-Agent": ""}
    assert (await settled.client.get(MODE, headers=headers)).status_code == 200
    assert (await settled.client.delete(MODE, headers=headers)).status_code == 204


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=0.1", "nonsense", "*/*", ""])
async def test_accept_is_not_required(settled: Bench, accept: str) -> None:
    """contract C16."""
    answer = await settled.client.get(MODE, headers={"Accept": accept})
    assert (answer.status_code, answer.json()) == (200, {"mode": "disabled"})


@pytest.mark.parametrize("path", [MODE, f"{BASE}/status", "/v1/environments", f"{BASE}/imis"])
async def test_a_trailing_slash_makes_no_difference(settled: Bench, path: str) -> None:
    """contract C16: no redirects."""
    plain, slashed = await settled.client.get(path), await settled.client.get(f"{path}/")
    assert plain.status_code == slashed.status_code == 200
    assert plain.content == slashed.content


async def test_a_trailing_slash_makes_no_difference_to_writes(settled: Bench) -> None:
    """contract C16."""
    put = await settled.client.put(f"{OPENID_CONNECT}/", json={"name": "Members"})
    assert (put.status_code, put.headers["upstream-writes"]) == (200, "1")
    assert (await settled.client.delete(f"{OPENID_CONNECT}/")).status_code == 204
    assert (await settled.anybody().get("/livez/")).status_code == 200
    assert (await settled.anybody().get("/problems/busy/")).status_code == 200


EVERYTHING = ["DELETE", "GET", "PATCH", "PUT"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (OPENID_CONNECT, EVERYTHING),
        (MODE, EVERYTHING),
        (REDIRECT, EVERYTHING),
        (CLIENT, ["GET"]),
        (f"{BASE}/secrets", ["GET"]),
        (f"{BASE}/secrets/partner", ["GET"]),
        (f"{BASE}/verification", ["GET"]),
        (f"{BASE}/status", ["GET"]),
        (f"{BASE}/imis", ["GET"]),
        (f"{BASE}/cloud-sso", ["GET"]),
        (BASE, ["GET"]),
        ("/v1/environments", ["GET"]),
        ("/livez", ["GET"]),
        ("/v1/healthz", ["GET"]),
    ],
)
async def test_other_methods_are_refused_with_those_allowed(
    settled: Bench, path: str, allowed: list[str]
) -> None:
    """contract section 1, 4: 405 with `Allow`."""
    for method in ("GET", "PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE", "PROPFIND"):
        if method in allowed:
            continue
        answer = await settled.client.request(method, path)
        refused(answer, 405, "method-not-allowed")
        offered = [each.strip() for each in answer.headers["allow"].split(",")]
        assert [each for each in offered if each != "HEAD"] == allowed
    assert settled.imis.counters.requests == 0


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v2",
        "/favicon.ico",
        "/v1/environments/nowhere",
        "/v1/environments/nowhere/imis/openid-connect",
        "/v1/environments/TEST/imis/openid-connect",
        f"{BASE}/imis/about-imis",
        f"{BASE}/imis/openid-connect/x",
        f"{BASE}/imis//openid-connect",
        f"{BASE}/snapshots/latest/x",
        f"{BASE}/cloud-sso/directory",
        f"{BASE}/cloud-sso/directories/staff",
        f"{BASE}/cloud-sso/directories/staff/binding",
        f"{BASE}/cloud-sso/directories/staff/x",
        f"{BASE}/secrets/nobody",
        f"{BASE}/secrets/..%2f..",
        f"{BASE}/%00",
        f"{BASE}/%ff%fe",
        "/metrics",
    ],
)
async def test_what_is_not_there_is_not_found(settled: Bench, path: str) -> None:
    """contract section 1, 4."""
    refused(await settled.client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "query", "slug", "field", "words"),
    [
        ("PUT", "dryrun=true", "unknown-field", "dryrun", "dry_run"),
        ("PUT", "dry-run=true", "unknown-field", "dry-run", "dry_run"),
        ("PUT", "Dry_run=true", "unknown-field", "Dry_run", "dry_run"),
        ("PATCH", "dryrun=true", "unknown-field", "dryrun", "dry_run"),
        ("DELETE", "dryrun=true", "unknown-field", "dryrun", "dry_run"),
        ("PUT", "on_destroy=retain", "unknown-field", "on_destroy", "nearest known"),
        ("DELETE", "on_destory=disable", "unknown-field", "on_destory", "on_destroy"),
        ("PUT", "x", "unknown-field", "x", "nearest known"),
        ("PUT", "=true", "unknown-field", "", "nearest known"),
        ("PUT", "dry_run", "invalid-settings", "dry_run", "true or false"),
        ("PUT", "dry_run=", "invalid-settings", "dry_run", "true or false"),
        ("PUT", "dry_run=True", "invalid-settings", "dry_run", "true or false"),
        ("PUT", "dry_run=1", "invalid-settings", "dry_run", "true or false"),
        ("PUT", "dry_run=yes", "invalid-settings", "dry_run", "true or false"),
        ("PUT", "dry_run=%00", "invalid-settings", "dry_run", "true or false"),
        ("PUT", "dry_run=true&dry_run=true", "invalid-settings", "dry_run", "more than once"),
        ("PUT", "force=1", "invalid-settings", "force", "true or false"),
        ("PUT", "include=everything", "invalid-settings", "include", "meta"),
        ("GET", "include=", "invalid-settings", "include", "meta"),
        ("GET", "fields=nmae", "unknown-field", "fields", "mode"),
        ("PUT", "fields=mode,nmae", "unknown-field", "fields", "mode"),
        ("GET", "fields=", "unknown-field", "fields", "mode"),
        ("GET", "fields=user_authentication.claim_type", "unknown-field", "fields", "mode"),
        ("GET", "fields=mode&fields=mode", "invalid-settings", "fields", "more than once"),
    ],
)
async def test_bad_parameters_are_refused_by_name(
    settled: Bench, method: str, query: str, slug: str, field: str, words: str
) -> None:
    """contract C14: a misspelt `dry_run` must never do the real thing."""
    content = b'{"mode":"test_mode"}' if method in ("PUT", "PATCH") else b""
    answer = await settled.client.request(method, f"{MODE}?{query}", content=content)
    assert words in refused(answer, 422, slug, field)["errors"][0]["detail"]
    assert nothing_written(settled)


@pytest.mark.parametrize(
    "query", ["x=1", "dryrun=true", "dry_run=maybe", "%ff=%fe", "a=1&a=2", "&&=&"]
)
async def test_unknown_parameters_of_a_get_are_ignored(settled: Bench, query: str) -> None:
    """contract C14."""
    answer = await settled.client.get(f"{MODE}?{query}")
    assert (answer.status_code, answer.json()) == (200, {"mode": "disabled"})
