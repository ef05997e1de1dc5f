"""Every kind of bad input gets a 4xx that names the field and the right form, and writes nothing.

contract C2, C9-C12, C14, C16, C30, C31, C43.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_answers import errors_of, nothing_written, refused
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench

pytestmark = pytest.mark.anyio


# (body, problem, {field: words that its error must have})
BAD_SETTINGS: list[tuple[dict[str, Any], str, dict[str, str]]] = [
    ({"nmae": "x"}, "unknown-field", {"nmae": "nearest known key is name"}),
    ({"Name": "x"}, "unknown-field", {"Name": "nearest known key is name"}),
    ({"mode": "disabled"}, "unknown-field", {"mode": "nearest known key is"}),
    ({"id": "x"}, "unknown-field", {"id": "nearest known key is"}),
    ({"meta": {}}, "unknown-field", {"meta": "nearest known key is"}),
    ({"": "x"}, "unknown-field", {"": "nearest known key is"}),
    ({"client_secrt": "x"}, "unknown-field", {"client_secrt": "nearest known key is client_secret"}),
    (
        {"user_authentication": {"claimtype": "x"}},
        "unknown-field",
        {"user_authentication.claimtype": "nearest known key is user_authentication.claim_type"},
    ),
    ({"name": 5}, "invalid-settings", {"name": "must be a text, not a number"}),
    ({"name": 1.5}, "invalid-settings", {"name": "must be a text, not a number"}),
    ({"name": True}, "invalid-settings", {"name": "must be a text, not a boolean"}),
    ({"name": None}, "invalid-settings", {"name": '"unset" is ""'}),
    ({"name": ["x"]}, "invalid-settings", {"name": "must be a text, not a list"}),
    ({"name": {"x": "y"}}, "invalid-settings", {"name": "must be a text, not an object"}),
    ({"set_login_hint": "true"}, "invalid-settings", {"set_login_hint": "true or false, not a text"}),
    ({"set_login_hint": 1}, "invalid-settings", {"set_login_hint": "true or false, not a number"}),
    ({"set_login_hint": None}, "invalid-settings", {"set_login_hint": "true or false, not null"}),
    ({"type": "Okta"}, "invalid-settings", {"type": '"entra_id", "okta" or "other", not "Okta"'}),
    ({"type": ""}, "invalid-settings", {"type": '"entra_id", "okta" or "other"'}),
    ({"type": 1}, "invalid-settings", {"type": '"entra_id", "okta" or "other", not a number'}),
    ({"type": None}, "invalid-settings", {"type": "not null"}),
    ({"user_authentication": "staff"}, "invalid-settings", {"user_authentication": "an object, not a text"}),
    ({"user_authentication": None}, "invalid-settings", {"user_authentication": "an object, not null"}),
    ({"user_authentication": []}, "invalid-settings", {"user_authentication": "an object, not a list"}),
    (
        {"user_authentication": {"claim_value": 1}},
        "invalid-settings",
        {"user_authentication.claim_value": "must be a text, not a number"},
    ),
    ({"name": " Members"}, "not-canonical", {"name": '"Members"'}),
    ({"name": "Members\t"}, "not-canonical", {"name": '"Members"'}),
    ({"name": "Mem\nbers"}, "invalid-settings", {"name": "single line"}),
    ({"name": "x" * 5000}, "invalid-settings", {"name": "at most 4096"}),
    ({"client_id": "abc "}, "not-canonical", {"client_id": '"abc"'}),
    ({"authority_url": "sso.example.org"}, "invalid-settings", {"authority_url": "https://"}),
    ({"authority_url": "http://sso.example.org"}, "invalid-settings", {"authority_url": "https"}),
    ({"authority_url": "https:/sso.example.org"}, "invalid-settings", {"authority_url": "https://"}),
    ({"authority_url": "https://u:p@sso.example.org"}, "invalid-settings", {"authority_url": "user name"}),
    ({"authority_url": "https://sso.example.org#x"}, "invalid-settings", {"authority_url": "fragment"}),
    ({"authority_url": "https://sso.example.org\\@x"}, "invalid-settings", {"authority_url": "RFC 3986"}),
    ({"authority_url": "https://größe.example.org"}, "invalid-settings", {"authority_url": "RFC 3986"}),
    ({"authority_url": "https://sso.example.org:99999"}, "invalid-settings", {"authority_url": "not an address"}),
    ({"authority_url": "https://SSO.example.org"}, "not-canonical", {"authority_url": "https://sso.example.org"}),
    ({"well_known_url": "https://sso.example.org:443/x"}, "not-canonical", {"well_known_url": "https://sso.example.org/x"}),
    ({"redirect_login_url": "https://members.example.org"}, "not-canonical", {"redirect_login_url": "https://members.example.org/"}),
    ({"redirect_login_url": "https://members.example.org/a"}, "invalid-settings", {"redirect_login_url": "https://members.example.org/"}),
    ({"redirect_login_url": "https://members.example.org/?a"}, "invalid-settings", {"redirect_login_url": "without path or query"}),
    ({"authority_url": "https://sso.example.org"}, "untrusted-host", {"authority_url": "sso_hosts"}),
    ({"well_known_url": "https://sso.example.org/x"}, "untrusted-host", {"well_known_url": "sso_hosts"}),
    ({"redirect_login_url": "https://members.example.org/"}, "untrusted-host", {"redirect_login_url": "imis_hosts"}),
    ({"authority_url": "https://login.microsoftonline.com/x"}, "untrusted-host", {"authority_url": "Cloud SSO only"}),
    ({"well_known_url": "https://x.okta.com/x"}, "untrusted-host", {"well_known_url": "Cloud SSO only"}),
    ({"authority_url": "https://cognito-idp.eu-west-1.amazonaws.com/p"}, "untrusted-host", {"authority_url": "Cloud SSO only"}),
    ({"tenant_id": "t"}, "invalid-settings", {"tenant_id": "entra_id"}),
    ({"tenant_id": "t", "type": "other"}, "invalid-settings", {"tenant_id": "entra_id"}),
    ({"email_body": "Hi"}, "unsupported-by-connector", {"email_body": "imis_staff_site"}),
    ({"client_secret": ""}, "invalid-settings", {"client_secret": "empty"}),
    ({"client_secret": None}, "invalid-settings", {"client_secret": "not null"}),
    ({"client_secret": 5}, "invalid-settings", {"client_secret": "must be a text"}),
    ({"client_secret": "••••••••"}, "invalid-settings", {"client_secret": "mask"}),
    ({"client_secret": "********"}, "invalid-settings", {"client_secret": "mask"}),
    ({"client_secret": "--------"}, "invalid-settings", {"client_secret": "mask"}),
    ({"client_secret": "*-•"}, "invalid-settings", {"client_secret": "mask"}),
    ({"client_secret": " x"}, "invalid-settings", {"client_secret": "white space"}),
    ({"client_secret": "a\nb"}, "invalid-settings", {"client_secret": "printable"}),
    ({"client_secret": "x" * 2000}, "invalid-settings", {"client_secret": "at most 1024"}),
    (
        {"client_secret": "fine", "client_secret_ref": "partner"},
        "invalid-settings",
        {"client_secret": "client_secret_ref"},
    ),
    ({"client_secret_ref": "nobody"}, "invalid-settings", {"client_secret_ref": "not a secret that may go"}),
    ({"client_secret_ref": "env:HOME"}, "invalid-settings", {"client_secret_ref": "not a secret"}),
    ({"client_secret_ref": "partner"}, "invalid-settings", {"client_secret_version": "must be given"}),
    ({"client_secret_version": "v1-0000000000000000"}, "invalid-settings", {"client_secret_version": "without a client_secret_ref"}),
    ({"client_secret_version": ""}, "invalid-settings", {"client_secret_version": "without a client_secret_ref"}),
    (
        {"name": 5, "nmae": "x", "type": "x", "user_authentication": {"claim_type": 1}},
        "invalid-settings",
        {"name": "", "nmae": "", "type": "", "user_authentication.claim_type": ""},
    ),
    (
        {
            "name": " x",
            "authority_url": "http://a",
            "redirect_login_url": "https://A.example.org",
            "well_known_url": "https://evil.example.org",
        },
        "untrusted-host",
        {"authority_url": "", "name": "", "redirect_login_url": "", "well_known_url": "sso_hosts"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "slug", "words"), BAD_SETTINGS, ids=[str(each[0])[:60] for each in BAD_SETTINGS]
)
async def test_bad_settings_are_refused_by_name(
    settled: Bench, body: dict[str, Any], slug: str, words: dict[str, str]
) -> None:
    """contract C2, C9-C11, C30: 422, every field, and the dry run says the same."""
    answer = await settled.client.put(OPENID_CONNECT, json=body)
    found = refused(answer, 422, slug)
    errors = errors_of(found)
    assert errors.keys() == words.keys()
    for field, part in words.items():
        assert part in errors[field]["detail"]
        assert errors[field]["detail"] in found["detail"]
    preview = await settled.client.put(OPENID_CONNECT, params={"dry_run": "true"}, json=body)
    assert (preview.status_code, preview.json()["detail"]) == (422, found["detail"])
    assert nothing_written(settled)


@pytest.mark.parametrize(
    ("body", "field", "canonical"),
    [
        ({"name": "\u00a0Members "}, "name", "Members"),
        ({"authority_url": "HTTPS://SSO.example.org:443/Path"}, "authority_url", "https://sso.example.org/Path"),
        ({"redirect_login_url": "https://Members.example.org:443"}, "redirect_login_url", "https://members.example.org/"),
        ({"well_known_url": " https://sso.example.org/x?Y "}, "well_known_url", "https://sso.example.org/x?Y"),
    ],
)  # fmt: skip
async def test_a_value_that_is_not_canonical_is_answered_with_its_canonical_form(
    settled: Bench, body: dict[str, str], field: str, canonical: str
) -> None:
    """contract C10: the canonical form is a value of its own in the error."""
    found = refused(
        await settled.client.put(OPENID_CONNECT, json=body), 422, "not-canonical", field
    )
    assert found["errors"][0]["canonical"] == canonical
    assert canonical in found["detail"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("body", "slug", "field"),
    [
        ({"redirect_url": "https://members.example.org/"}, "untrusted-host", "redirect_url"),
        ({"redirect_url": "https://127.0.0.1:1/path"}, "invalid-settings", "redirect_url"),
        ({"redirect_url": "HTTPS://127.0.0.1:1"}, "not-canonical", "redirect_url"),
        ({"redirect_uri": ""}, "unknown-field", "redirect_uri"),
        ({"redirect_url": None}, "invalid-settings", "redirect_url"),
        ({"client_secret": "x"}, "unknown-field", "client_secret"),
    ],
)
async def test_bad_redirects_of_cloud_sso_are_refused(
    bench: Bench, body: dict[str, Any], slug: str, field: str
) -> None:
    refused(await bench.client.put(REDIRECT, json=body), 422, slug, field)
    assert nothing_written(bench)


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "on"},
        {"mode": ""},
        {"mode": True},
        {"mode": 2},
        {"mode": None},
        {"mode": "Enabled"},
        {"mode": ["enabled"]},
    ],
)
async def test_bad_modes_are_refused(settled: Bench, body: dict[str, Any]) -> None:
    """contract 1.2, C11: no coercion."""
    found = refused(await settled.client.put(MODE, json=body), 422, "invalid-settings", "mode")
    assert '"disabled", "test_mode" or "enabled"' in found["detail"]
    assert nothing_written(settled)


MALFORMED = [
    b"",
    b" ",
    b"{",
    b"{}x",
    b"{'name': 'x'}",
    b'{"name": "x",}',
    b'{"name": "x", "name": "y"}',
    b'{"user_authentication": {"claim_type": "a", "claim_type": "a"}}',
    b'{"name": "\\ud800"}',
    b'{"\\udfff": "x"}',
    b'{"name": "a\\u0000b"}',
    b'{"na\\u0000me": "x"}',
    b'{"name": "a\nb"}',
    b'{"name": NaN}',
    b'{"name": Infinity}',
    b'{"name": -Infinity}',
    b'{"name": 1e999}',
    b'{"name": -1e999}',
    b'{"name": ' + b"9" * 5000 + b"}",
    b'{"name": "\xff"}',
    b'{"name": "\xc0\x80"}',
    b'{"name": "\xed\xa0\x80"}',
    b'\xff\xfe{\x00"\x00}\x00',
    b'\xef\xbb\xbf{"name": "x"}',
    b'{"name": ' + b"[" * 9 + b"]" * 9 + b"}",
    b"[" * 30_000 + b"]" * 30_000,
    b'{"a":' * 9 + b"1" + b"}" * 9,
    b"[" * 60_000,
]


@pytest.mark.parametrize("body", MALFORMED, ids=[repr(each[:30]) for each in MALFORMED])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_malformed_json_is_refused(settled: Bench, method: str, body: bytes) -> None:
    """contract C43."""
    refused(
        await settled.client.request(method, OPENID_CONNECT, content=body), 400, "malformed-json"
    )
    assert settled.imis.counters.requests == 0


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"true", b"null", b"[{}]"])
async def test_json_that_is_no_object_is_refused(settled: Bench, body: bytes) -> None:
    found = refused(await settled.client.put(OPENID_CONNECT, content=body), 422, "invalid-settings")
    assert "JSON object" in found["detail"]


async def test_eight_levels_are_not_too_deep(settled: Bench) -> None:
    """contract C43: nesting over 8; what is within the limit is judged by its keys."""
    body = b'{"a":' * 8 + b"1" + b"}" * 8
    refused(await settled.client.put(OPENID_CONNECT, content=body), 422, "unknown-field", "a")


async def test_a_body_may_have_64_kib_and_no_more(settled: Bench) -> None:
    """contract C43."""
    room = 64 * 1024 - len(b'{"name":""}')
    body = b'{"name":"' + b"x" * room + b'"}'
    refused(await settled.client.put(OPENID_CONNECT, content=body), 422, "invalid-settings", "name")
    refused(await settled.client.put(OPENID_CONNECT, content=body + b" "), 413, "content-too-large")

    async def pieces() -> Any:
        for _ in range(70):
            yield b" " * 1024

    refused(await settled.client.put(OPENID_CONNECT, content=pieces()), 413, "content-too-large")
    refused(
        await settled.client.request("DELETE", OPENID_CONNECT, content=body + b" "),
        413,
        "content-too-large",
    )
    assert settled.imis.counters.writes == 0


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
        f"{BASE}/imis/licence",
        f"{BASE}/imis/openid-connect/x",
        f"{BASE}/imis//openid-connect",
        f"{BASE}/snapshots",
        f"{BASE}/changes",
        f"{BASE}/hold/release",
        f"{BASE}/cloud-sso/directories",
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


async def test_an_error_holds_nothing_but_what_a_person_needs(settled: Bench) -> None:
    """contract C30: no stack trace, no module, no upstream text."""
    answer = await settled.client.put(OPENID_CONNECT, json={"name": 5})
    text = answer.text
    assert "Traceback" not in text
    assert "imis_sso" not in text
    assert "pydantic" not in text
    assert len(answer.content) < 600
    assert list(json.loads(text, object_pairs_hook=dict))[0] == "detail"  # noqa: RUF015
