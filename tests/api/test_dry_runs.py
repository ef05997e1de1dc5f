"""Dry runs meet every gate the write would meet and write nothing: contract C15."""

from __future__ import annotations

from typing import Any

import pytest
from api_answers import (
    PARTNER_SECRET,
    Another,
    bring_into_agreement,
    nothing_written,
    refused,
    whole_record,
)
from service_bench import MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.domain.secret import Secret

pytestmark = pytest.mark.anyio

DRY = {"dry_run": "true", "include": "meta"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_dry_run_shows_the_document_as_it_would_be(settled: Bench, method: str) -> None:
    before = whole_record(settled)
    body = {"name": "Members", "user_authentication": {"claim_value": "1"}}
    preview = await settled.client.request(method, OPENID_CONNECT, params=DRY, json=body)
    assert preview.status_code == 200
    assert preview.headers["upstream-writes"] == "0"
    document = preview.json()
    meta = document.pop("meta")
    assert meta["changes"] == [
        {"field": "name", "before": "Single sign-on", "after": "Members"},
        {"field": "user_authentication.claim_value", "before": "true", "after": "1"},
    ]
    assert whole_record(settled) == before
    assert nothing_written(settled)
    done = await settled.client.request(method, OPENID_CONNECT, json=body)
    assert done.json() == document
    assert done.headers["etag"] == preview.headers["etag"] == meta["etag"]


async def test_dry_run_false_is_the_real_thing(settled: Bench) -> None:
    await settled.client.put(OPENID_CONNECT, params={"dry_run": "false"}, json={"name": "Members"})
    assert settled.imis.record["ProviderName"] == "Members"


async def test_a_dry_run_that_changes_nothing_says_so(settled: Bench) -> None:
    preview = await settled.client.put(MODE, params=DRY, json={"mode": "disabled"})
    assert preview.json()["meta"]["changes"] == []


async def test_a_dry_run_needs_no_more_than_read(settled: Bench) -> None:
    """contract C40."""
    reader = settled.caller(Scope.READ)
    for method in ("PUT", "PATCH"):
        answer = await reader.request(method, MODE, params=DRY, json={"mode": "test_mode"})
        assert (answer.status_code, answer.json()["mode"]) == (200, "test_mode")
    assert (await reader.delete(MODE, params={"dry_run": "true"})).status_code == 200
    refused(await reader.put(MODE, json={"mode": "test_mode"}), 403, "forbidden")
    refused(await reader.delete(MODE), 403, "forbidden")
    assert nothing_written(settled)


async def test_a_dry_run_with_an_inline_secret_needs_apply(settled: Bench) -> None:
    """contract C15: else a reader could guess secrets and be told."""
    for secret in ("some-other-secret", settled.imis.record["ClientSecret"]):
        body = {"client_secret": secret}
        answer = await settled.caller(Scope.READ).put(OPENID_CONNECT, params=DRY, json=body)
        refused(answer, 403, "forbidden")


async def test_no_fingerprint_of_an_inline_secret_is_shown(settled: Bench) -> None:
    """contract C15."""
    body = {"client_secret": "some-other-secret"}
    answer = await settled.caller(Scope.APPLY).put(OPENID_CONNECT, params=DRY, json=body)
    assert answer.status_code == 200
    version = settled.service.pairs["test"].secrets.version(Secret("some-other-secret"))
    assert version not in answer.text
    assert "some-other-secret" not in answer.text
    assert answer.json()["client_secret_version"] == ""
    changed = [each["field"] for each in answer.json()["meta"]["changes"]]
    assert changed == ["client_secret_version"]
    assert nothing_written(settled)


async def test_a_dry_run_shows_a_named_secret_that_would_be_pushed(settled: Bench) -> None:
    """contract C15, C23."""
    version = settled.service.pairs["test"].secrets.version(Secret(PARTNER_SECRET))
    body = {"client_secret_ref": "partner", "client_secret_version": version}
    answer = await settled.caller(Scope.READ).put(OPENID_CONNECT, params=DRY, json=body)
    assert body.items() <= answer.json().items()
    assert nothing_written(settled)
    got = (await settled.client.get(OPENID_CONNECT)).json()
    assert got["client_secret_ref"] == "", "nothing is recorded either"


REFUSALS: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("PUT", OPENID_CONNECT, {"name": 5}, 422, "invalid-settings"),
    ("PUT", OPENID_CONNECT, {"nmae": ""}, 422, "unknown-field"),
    ("PUT", OPENID_CONNECT, {"authority_url": "https://evil.example.org"}, 422, "untrusted-host"),
    ("PATCH", OPENID_CONNECT, {"name": " x"}, 422, "not-canonical"),
    ("PUT", OPENID_CONNECT, {"email_body": "x"}, 422, "unsupported-by-connector"),
    (
        "PUT",
        OPENID_CONNECT,
        {"client_secret_ref": "partner", "client_secret_version": "v1-0"},
        409,
        "secret-version-changed",
    ),
    (
        "PUT",
        OPENID_CONNECT,
        {"client_secret_ref": "vanished", "client_secret_version": "v1-0"},
        424,
        "secret-unavailable",
    ),
    ("PUT", MODE, {"mode": "enabled"}, 409, "transition-refused"),
    ("DELETE", MODE, {"on_destroy": "remove"}, 422, "invalid-settings"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "slug"), REFUSALS)
async def test_a_dry_run_refuses_as_the_write_would(
    settled: Bench, method: str, path: str, body: dict[str, Any], status: int, slug: str
) -> None:
    dry = await settled.client.request(method, path, params=DRY, json=body)
    real = await settled.client.request(method, path, json=body)
    said = refused(dry, status, slug), refused(real, status, slug)
    assert said[0]["detail"] == said[1]["detail"]
    assert said[0]["errors"] == said[1]["errors"]
    assert nothing_written(settled)


@pytest.mark.browser
@pytest.mark.parametrize("mode", [1, 2])
async def test_a_dry_run_meets_the_gates_of_verification_and_of_a_live_pair(
    bench: Bench, mode: int
) -> None:
    """contract C15, 1.2: under `read`, too."""
    bring_into_agreement(bench, mode)
    bench.imis.change(StaffClaimValue="true")
    reader = bench.caller(Scope.READ)
    if mode == 1:
        answer = await reader.put(MODE, params=DRY, json={"mode": "enabled"})
        refused(answer, 409, "verification-failed", "claims.recipe")
    else:
        answer = await reader.put(OPENID_CONNECT, params=DRY, json={"client_id": "abc"})
        checks = ("client.id-matches", "claims.recipe")
        refused(answer, 409, "activation-guard", "client_id", *checks)
        answer = await reader.put(REDIRECT, params=DRY, json={"redirect_url": ""})
        checks = ("redirect.matches", "claims.recipe")
        refused(answer, 409, "activation-guard", "redirect_url", *checks)
    assert nothing_written(bench)


async def test_observe_only_is_listed_and_not_refused(another: Another) -> None:
    """contract C15, C44."""
    async with another({"writes": "refused"}) as bench:
        answer = await bench.client.put(MODE, params=DRY, json={"mode": "test_mode"})
        assert answer.status_code == 200
        gates = answer.json()["meta"]["gates"]
        assert len(gates) == 1
        assert gates[0].startswith("observe-only: ")
        assert nothing_written(bench)


async def test_a_dry_run_of_delete_shows_what_it_would_do(settled: Bench) -> None:
    """contract C15, C5."""
    await settled.client.put(MODE, json={"mode": "test_mode"})
    settled.imis.counters.reset()
    answer = await settled.client.delete(MODE, params=DRY | {"on_destroy": "disable"})
    assert answer.status_code == 200
    assert answer.json()["meta"]["changes"] == [
        {"field": "mode", "before": "test_mode", "after": "disabled"}
    ]
    assert nothing_written(settled)
    real = await settled.client.delete(MODE, params={"on_destroy": "disable"})
    assert (real.status_code, real.headers["upstream-writes"]) == (204, "1"), "still managed"


async def test_a_dry_run_leaves_the_managed_period_alone(settled: Bench) -> None:
    """contract C15, C5."""
    status = await settled.client.get(f"{MODE.rpartition('/imis')[0]}/status")
    before = status.json()["resources"]
    await settled.client.put(MODE, params=DRY, json={"mode": "test_mode"})
    await settled.client.put(MODE, params=DRY, json={"mode": "disabled"})
    status = await settled.client.get(f"{MODE.rpartition('/imis')[0]}/status")
    assert status.json()["resources"] == before
