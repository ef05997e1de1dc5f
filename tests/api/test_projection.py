"""`fields`, `include=meta` and merge patches: contract C6, C8, C14."""

from __future__ import annotations

import json

import pytest
from api_answers import nothing_written, refused, whole_record
from service_bench import MODE, OPENID_CONNECT, REDIRECT, Bench

pytestmark = pytest.mark.anyio


async def test_get_put_and_patch_project_on_the_named_fields(settled: Bench) -> None:
    """contract C14."""
    params = {"fields": "type,name"}
    got = await settled.client.get(OPENID_CONNECT, params=params)
    assert got.content == b'{"name":"Single sign-on","type":"okta"}'
    for method in ("PUT", "PATCH"):
        answer = await settled.client.request(
            method, OPENID_CONNECT, params=params, json={"name": method, "client_id": method}
        )
        assert answer.json() == {"name": method, "type": "okta"}
        assert answer.content == (await settled.client.get(OPENID_CONNECT, params=params)).content
    assert settled.imis.record["ProviderClientId"] == "PATCH"


async def test_a_nested_object_is_projected_as_a_whole(settled: Bench) -> None:
    """contract C14: top-level names."""
    got = await settled.client.get(OPENID_CONNECT, params={"fields": "user_authentication"})
    assert got.json() == {"user_authentication": {"claim_type": "staff", "claim_value": "true"}}


async def test_meta_is_beside_the_document_only_where_it_is_asked_for(settled: Bench) -> None:
    """contract C8."""
    plain = await settled.client.get(MODE)
    meta = await settled.client.get(MODE, params={"include": "meta"})
    assert plain.json() == {"mode": "disabled"}
    assert meta.json() == plain.json() | {
        "meta": {"etag": plain.headers["etag"], "unreachable": []}
    }
    both = await settled.client.get(MODE, params={"include": "meta", "fields": "mode"})
    assert both.content == meta.content


async def test_meta_of_a_write_tells_what_changed(settled: Bench) -> None:
    """contract C8, C15."""
    answer = await settled.client.put(
        OPENID_CONNECT, params={"include": "meta"}, json={"name": "A", "set_login_hint": True}
    )
    meta = answer.json()["meta"]
    assert meta["etag"] == answer.headers["etag"]
    assert meta["changes"] == [
        {"field": "name", "before": "Single sign-on", "after": "A"},
        {"field": "set_login_hint", "before": False, "after": True},
    ]
    assert (meta["gates"], meta["undecided"], meta["notices"]) == ([], [], [])


@pytest.mark.parametrize("content_type", ["application/json", "application/merge-patch+json"])
async def test_null_in_a_merge_patch_is_the_default(settled: Bench, content_type: str) -> None:
    """contract C6: RFC 7396, as either media type."""
    patch = {
        "client_id": None,
        "external_id_claim_type": None,
        "name": None,
        "set_login_hint": None,
        "type": None,
        "redirect_login_url": None,
        "user_authentication": {"claim_value": None},
    }
    before = whole_record(settled)
    answer = await settled.client.patch(
        OPENID_CONNECT, content=json.dumps(patch), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 200, answer.text
    expected = {
        "client_id": "",
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "set_login_hint": True,
        "type": "okta",
        "redirect_login_url": "",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
    }
    assert expected.items() <= answer.json().items()
    assert answer.content == (await settled.client.get(OPENID_CONNECT)).content
    after = whole_record(settled)
    assert after["WellKnownUrl"] == before["WellKnownUrl"]
    assert after["ClientSecret"] == before["ClientSecret"]


async def test_null_for_a_nested_object_is_its_default(settled: Bench) -> None:
    """contract C6."""
    settled.imis.change(StaffClaimType="role", StaffClaimValue="staff")
    answer = await settled.client.patch(OPENID_CONNECT, json={"user_authentication": None})
    assert answer.json()["user_authentication"] == {"claim_type": "staff", "claim_value": "1"}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (MODE, "mode"),
        (OPENID_CONNECT, "client_secret"),
        (OPENID_CONNECT, "client_secret_ref"),
        (OPENID_CONNECT, "client_secret_version"),
    ],
)
async def test_null_has_no_meaning_for_the_mode_and_the_secret(
    settled: Bench, path: str, key: str
) -> None:
    """contract C6."""
    refused(await settled.client.patch(path, json={key: None}), 422, "invalid-settings", key)
    assert nothing_written(settled)


async def test_null_for_what_does_not_exist_is_an_unknown_field(settled: Bench) -> None:
    """contract C11: not quietly "removed"."""
    patch = {"nmae": None, "user_authentication": {"claim": None}}
    answer = await settled.client.patch(OPENID_CONNECT, json=patch)
    body = refused(answer, 422, "unknown-field")
    fields = sorted(each["field"] for each in body["errors"])
    assert fields == ["nmae", "user_authentication.claim"]


@pytest.mark.browser
async def test_null_empties_the_redirect_of_cloud_sso(bench: Bench) -> None:
    """contract C6; product facts 4.5: whether it can be saved is for the product to say."""
    bench.cloud_sso.redirect_url = bench.redirect_url
    answer = await bench.client.patch(REDIRECT, json={"redirect_url": None})
    assert (answer.status_code, answer.json()) == (200, {"redirect_url": ""})
    assert bench.cloud_sso.redirect_url == ""
    bench.cloud_sso.redirect_url = bench.redirect_url
    bench.cloud_sso.change_variant({"cloud_sso_empty_redirect": "refused"})
    refused(
        await bench.client.patch(REDIRECT, json={"redirect_url": None}), 424, "upstream-refused"
    )
    assert bench.cloud_sso.redirect_url == bench.redirect_url
