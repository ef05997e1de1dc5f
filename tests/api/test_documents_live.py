"""Documents as they are read and written: contract 1, 1.1, C1-C4, C8, C9, C13."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from api_answers import Another, bring_into_agreement, nothing_written, refused, whole_record
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.domain.resources import RESOURCES

pytestmark = pytest.mark.anyio

OPENID_CONNECT_KEYS = [
    "authority_url",
    "client_id",
    "client_secret_ref",
    "client_secret_version",
    "email_body",
    "external_id_claim_type",
    "name",
    "redirect_login_url",
    "require_public_users",
    "set_login_hint",
    "tenant_id",
    "type",
    "user_authentication",
    "well_known_url",
]


async def test_put_and_get_answer_the_same_canonical_bytes(settled: Bench) -> None:
    """contract C13."""
    put = await settled.client.put(OPENID_CONNECT, json={"name": "<Größe> & \u2028\u2029 />"})
    assert put.status_code == 422, "a line separator is no part of one line of text"
    put = await settled.client.put(OPENID_CONNECT, json={"name": "<Größe> & Co"})
    got = await settled.client.get(OPENID_CONNECT)
    assert put.status_code == got.status_code == 200
    assert got.content == put.content
    assert got.headers["etag"] == put.headers["etag"]
    assert b'"name":"\\u003cGr\xc3\xb6\xc3\x9fe\\u003e \\u0026 Co"' in got.content
    assert got.headers["content-type"] == "application/json"


async def test_the_bytes_have_sorted_keys_and_no_spaces(settled: Bench) -> None:
    """contract C9, C13, 1.1: every key, at every depth in order, nothing else."""
    got = await settled.client.get(OPENID_CONNECT)
    pairs = json.loads(got.content, object_pairs_hook=list)
    assert [key for key, _ in pairs] == OPENID_CONNECT_KEYS
    assert [key for key, _ in dict(pairs)["user_authentication"]] == ["claim_type", "claim_value"]
    assert got.content == json.dumps(got.json(), separators=(",", ":")).encode()


async def test_line_separators_that_a_person_typed_are_escaped(settled: Bench) -> None:
    """contract C10, C13: whatever the product holds is shown, and may be sent back."""
    settled.imis.change(ProviderName=" odd\u2028name\u2029 ")
    got = await settled.client.get(OPENID_CONNECT)
    assert b'" odd\\u2028name\\u2029 "' in got.content
    put = await settled.client.put(OPENID_CONNECT, content=got.content)
    assert put.content == got.content
    assert settled.imis.counters.writes == 0


@pytest.mark.browser
async def test_there_are_no_nulls_ids_or_times_in_any_document(bench: Bench) -> None:
    """contract C8, C9: settings and nothing else, each with a concrete value."""
    expected = {
        OPENID_CONNECT: OPENID_CONNECT_KEYS,
        MODE: ["mode"],
        CLIENT: ["client_id", "client_secret_version", "discovery_url", "issuer"],
        REDIRECT: ["redirect_url"],
    }
    for path, keys in expected.items():
        answer = await bench.client.get(path)
        assert list(answer.json()) == keys
        assert b"null" not in answer.content
        assert answer.headers["etag"].startswith('"')


def test_every_document_has_one_address_of_small_letters() -> None:
    """contract C1."""
    paths = [each.path for each in RESOURCES]
    assert len(paths) == len(set(paths))
    assert all(re.fullmatch(r"(imis|cloud-sso)/[a-z0-9-]+", path) for path in paths)


async def test_a_second_identical_put_writes_nothing(settled: Bench) -> None:
    """contract C2."""
    body = {"name": "Members", "set_login_hint": True}
    first = await settled.client.put(OPENID_CONNECT, json=body)
    assert (first.headers["upstream-writes"], settled.imis.counters.writes) == ("1", 1)
    second = await settled.client.put(OPENID_CONNECT, json=body)
    assert (second.headers["upstream-writes"], settled.imis.counters.writes) == ("0", 1)
    assert second.content == first.content


async def test_what_get_gave_may_be_put_back_and_writes_nothing(settled: Bench) -> None:
    """contract C2: the half-finished record of a person is full of values we would refuse."""
    got = await settled.client.get(OPENID_CONNECT)
    assert not got.json()["redirect_login_url"].endswith("/")
    put = await settled.client.put(OPENID_CONNECT, content=got.content)
    assert put.status_code == 200
    assert put.content == got.content
    assert settled.imis.counters.writes == 0


async def test_a_changing_put_takes_three_requests_one_of_them_a_write(settled: Bench) -> None:
    """contract section 7: read, write, read back."""
    await settled.client.get(OPENID_CONNECT)
    settled.imis.counters.reset()
    await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    counters = settled.imis.counters
    assert (counters.requests, counters.reads, counters.writes) == (3, 2, 1)


async def test_a_get_takes_one_request(settled: Bench) -> None:
    """contract C3."""
    await settled.client.get(OPENID_CONNECT)
    settled.imis.counters.reset()
    for path in (OPENID_CONNECT, MODE):
        await settled.client.get(path)
    assert settled.imis.counters.requests == 2


@pytest.mark.browser
async def test_a_changing_put_of_the_redirect_saves_once(bench: Bench) -> None:
    """contract C2, section 7: one page load before, one write, one page load after."""
    first = await bench.client.put(REDIRECT, json={"redirect_url": bench.redirect_url})
    assert first.headers["upstream-writes"] == "1"
    assert bench.cloud_sso.redirect_url == bench.redirect_url
    again = await bench.client.put(REDIRECT, json={"redirect_url": bench.redirect_url})
    assert again.headers["upstream-writes"] == "0"
    assert again.content == first.content == (await bench.client.get(REDIRECT)).content
    assert bench.cloud_sso.counters.writes == 1


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        ({"name": "Members"}, {"ProviderName"}),
        ({"user_authentication": {"claim_value": "1"}}, {"StaffClaimValue"}),
        (
            {"user_authentication": {"claim_type": "role"}, "name": "M"},
            {"StaffClaimType", "ProviderName"},
        ),
        ({"require_public_users": True}, {"RequirePublicUsers"}),
        ({"type": "other"}, {"ProviderType"}),
        ({"type": "entra_id", "tenant_id": "t"}, {"ProviderType", "Tenant"}),
        ({"external_id_claim_type": ""}, {"ExternalIdClaimType"}),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_partial_write_leaves_every_other_property_as_it_was(
    settled: Bench, method: str, body: dict[str, object], properties: set[str]
) -> None:
    """contract C2, 1.1: known or unknown, nested or boxed, at every depth."""
    before = whole_record(settled)
    assert {"SortOrder", "Appearance", "SessionMinutes"} <= before.keys()
    answer = await settled.client.request(method, OPENID_CONNECT, json=body)
    assert answer.status_code == 200, answer.text
    after = whole_record(settled)
    assert {key for key in before.keys() | after.keys() if before[key] != after[key]} == properties
    assert json.dumps(after["Appearance"]) == json.dumps(before["Appearance"])


async def test_the_mode_and_the_settings_do_not_touch_each_other(settled: Bench) -> None:
    """contract 1.2: same upstream record, own resource."""
    before = whole_record(settled)
    assert (await settled.client.put(MODE, json={"mode": "test_mode"})).status_code == 200
    assert whole_record(settled) == before | {"Mode": 1}
    await settled.client.put(OPENID_CONNECT, json={"name": "Members"})
    assert whole_record(settled) == before | {"Mode": 1, "ProviderName": "Members"}


@pytest.mark.parametrize(
    ("enums", "defaults", "status"),
    [
        ("names", "omitted", 200),
        ("numbers", "present", 201),
        ("names", "present", 202),
        ("numbers", "omitted", 204),
    ],
)
async def test_documents_are_the_same_whatever_the_wire_looks_like(
    settled: Bench, enums: str, defaults: str, status: int
) -> None:
    """contract C13 over product facts 3.2, 3.3."""
    settled.imis.change_variant(
        {"imis_enums": enums, "imis_defaults": defaults, "imis_put_status": status}
    )
    body = {"name": "Members", "type": "entra_id", "set_login_hint": False, "tenant_id": "t"}
    put = await settled.client.put(OPENID_CONNECT, json=body)
    assert put.status_code == 200, put.text
    got = await settled.client.get(OPENID_CONNECT)
    assert got.content == put.content
    assert body.items() <= got.json().items()


async def test_a_field_out_of_reach_reads_as_its_default_and_is_listed(settled: Bench) -> None:
    """contract 1.1: the REST record has no e-mail body."""
    got = await settled.client.get(OPENID_CONNECT, params={"include": "meta"})
    assert got.json()["email_body"] == ""
    assert got.json()["meta"] == {"etag": got.headers["etag"], "unreachable": ["email_body"]}
    answer = await settled.client.put(OPENID_CONNECT, json={"email_body": "Welcome"})
    body = refused(answer, 422, "unsupported-by-connector", "email_body")
    assert "imis_rest" in body["detail"]
    assert "imis_staff_site" in body["detail"]
    assert (await settled.client.put(OPENID_CONNECT, json={"email_body": ""})).status_code == 200
    assert nothing_written(settled)


async def test_without_a_record_the_defaults_are_shown(settled: Bench) -> None:
    """contract C4, 1.1: never 404; the recipe's own values."""
    settled.imis.change_variant({"imis_records": "none"})
    got = await settled.client.get(OPENID_CONNECT)
    assert got.json() == {
        "authority_url": "",
        "client_id": "",
        "client_secret_ref": "",
        "client_secret_version": "",
        "email_body": "",
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "redirect_login_url": "",
        "require_public_users": False,
        "set_login_hint": True,
        "tenant_id": "",
        "type": "okta",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
        "well_known_url": "",
    }
    assert (await settled.client.get(MODE)).json() == {"mode": "disabled"}


@pytest.mark.parametrize("post_id", ["body", "header", "list-only"])
async def test_the_first_put_creates_the_record_in_mode_disabled(
    settled: Bench, post_id: str
) -> None:
    """contract 1.1, C2."""
    settled.imis.change_variant({"imis_records": "none", "imis_post_id": post_id})
    put = await settled.client.put(
        OPENID_CONNECT, json={"client_id": "abc", "client_secret": "s3cret-of-mine"}
    )
    assert put.status_code == 200, put.text
    assert put.headers["upstream-writes"] == "1"
    record = settled.imis.record
    assert record.get("Mode", 0) == 0
    assert record["ClientSecret"] == "s3cret-of-mine"
    assert (record["ProviderClientId"], record["ExternalIdClaimType"]) == ("abc", "external_id")
    assert (await settled.client.get(OPENID_CONNECT)).content == put.content
    again = await settled.client.put(OPENID_CONNECT, json={"client_id": "abd"})
    assert again.status_code == 200
    assert len(settled.imis.records) == 1


async def test_putting_the_defaults_where_there_is_no_record_writes_nothing(
    settled: Bench,
) -> None:
    """contract C2: an identical PUT, although of something that is not there yet."""
    settled.imis.change_variant({"imis_records": "none"})
    got = await settled.client.get(OPENID_CONNECT)
    put = await settled.client.put(OPENID_CONNECT, content=got.content)
    assert (put.status_code, put.content) == (200, got.content)
    assert settled.imis.records == []


@pytest.mark.parametrize("mode", ["test_mode", "enabled"])
async def test_the_mode_is_not_raised_without_a_record(settled: Bench, mode: str) -> None:
    """contract 1.2."""
    settled.imis.change_variant({"imis_records": "none"})
    answer = await settled.client.put(MODE, json={"mode": mode})
    assert "openid-connect" in refused(answer, 409, "transition-refused")["detail"]
    same = await settled.client.put(MODE, json={"mode": "disabled"})
    assert (same.status_code, same.headers["upstream-writes"]) == (200, "0")
    assert settled.imis.records == []


async def test_ten_concurrent_reads_share_one_upstream_read(settled: Bench) -> None:
    """contract C3: also of the two documents that are on one record."""
    await settled.client.get(MODE)
    settled.imis.counters.reset()
    paths = [OPENID_CONNECT, MODE] * 5
    answers = await asyncio.gather(*(settled.client.get(path) for path in paths))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert settled.imis.counters.reads == 1


@pytest.mark.browser
async def test_ten_concurrent_reads_share_one_page_load(bench: Bench) -> None:
    """contract C3."""
    await bench.client.get(CLIENT)
    bench.cloud_sso.counters.reset()
    paths = [CLIENT, REDIRECT] * 5
    answers = await asyncio.gather(*(bench.client.get(path) for path in paths))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert bench.cloud_sso.counters.reads == 1


async def test_nothing_stale_is_served_after_a_write(settled: Bench) -> None:
    """contract C3: a fetch that began before the write is not shared after it."""
    for number in range(5):
        name = f"Members {number}"
        early = [asyncio.create_task(settled.client.get(OPENID_CONNECT)) for _ in range(3)]
        put = await settled.client.put(OPENID_CONNECT, json={"name": name})
        assert put.json()["name"] == name
        late = await settled.client.get(OPENID_CONNECT)
        assert late.json()["name"] == name
        await asyncio.gather(*early)


@pytest.mark.browser
async def test_fifty_mixed_requests_reach_imis_one_at_a_time(bench: Bench) -> None:
    """contract C32; product facts 3.3: fair use; targets R4: one log-in for all."""
    bring_into_agreement(bench)
    bench.imis.expire_sessions()
    bench.imis.counters.reset()
    client = bench.client
    work = []
    for number in range(10):  # 50 requests
        work += [
            client.get(OPENID_CONNECT),
            client.get(MODE),
            client.put(OPENID_CONNECT, json={"name": f"Members {number}"}),
            client.put(MODE, json={"mode": ("disabled", "test_mode")[number % 2]}),
            client.get(f"{BASE}/verification"),
        ]
    answers = await asyncio.gather(*work)
    assert {answer.status_code for answer in answers} == {200}
    counters = bench.imis.counters
    assert counters.max_simultaneous == 1
    # One for all, and two fresh ones for each of the five times that the mode goes up.
    assert counters.logins <= 1 + 2 * 5
    assert counters.writes <= 20
    assert bench.imis.record["ProviderName"].startswith("Members ")


async def test_concurrent_writes_of_different_fields_are_all_kept(settled: Bench) -> None:
    """contract C32, C2: queued here, none lost."""
    bodies = [
        {"name": "Members"},
        {"set_login_hint": True},
        {"external_id_claim_type": "external_id"},
        {"user_authentication": {"claim_value": "1"}},
        {"client_id": "abc"},
        {"require_public_users": True},
    ]
    work = (settled.client.put(OPENID_CONNECT, json=body) for body in bodies)
    answers = await asyncio.gather(*work)
    assert {answer.status_code for answer in answers} == {200}
    document = (await settled.client.get(OPENID_CONNECT)).json()
    assert document["user_authentication"]["claim_value"] == "1"
    assert all(document[key] == body[key] for body in bodies for key in body if key in (
        "name", "set_login_hint", "external_id_claim_type", "client_id", "require_public_users"
    ))  # fmt: skip
    assert settled.imis.counters.max_simultaneous == 1


async def test_nobody_logs_in_at_the_start(another: Another) -> None:
    """contract C47."""
    async with another() as bench:
        await bench.client.get(f"{BASE}/status")
        await bench.client.get("/v1/environments")
        await bench.anybody().get("/readyz")
        assert bench.imis.counters.requests == 0
        assert bench.cloud_sso.counters.requests == 0
