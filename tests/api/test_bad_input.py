"""Every kind of bad input gets a 4xx that names the field and the right form, and writes nothing.

contract C2, C9-C12, C14, C16, C30, C31, C43.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_answers import errors_of, nothing_written, refused
from service_bench import MODE, OPENID_CONNECT, REDIRECT, Bench

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
    json.dumps({f"a{n}": 0 for n in range(500)}).encode(),
    json.dumps({"name": [0] * 499}).encode(),
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


async def test_an_error_holds_nothing_but_what_a_person_needs(settled: Bench) -> None:
    """contract C30: no stack trace, no module, no upstream text."""
    answer = await settled.client.put(OPENID_CONNECT, json={"name": 5})
    text = answer.text
    assert "Traceback" not in text
    assert "imis_sso" not in text
    assert "pydantic" not in text
    assert len(answer.content) < 600
    assert list(json.loads(text, object_pairs_hook=dict))[0] == "detail"  # noqa: RUF015
