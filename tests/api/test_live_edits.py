"""Editing a pair that people sign in through: contract 1.2."""

from __future__ import annotations

from typing import Any

import pytest
from api_answers import (
    PARTNER_SECRET,
    PARTNER_SOURCE,
    Another,
    bring_into_agreement,
    nothing_written,
    refused,
    settle,
    whole_record,
)
from service_bench import BASE, CLIENT, OPENID_CONNECT, REDIRECT, Bench
from test_named_secrets import BUILT_IN, _names, version_of

from imis_sso.domain.access import Scope
from imis_sso.domain.documents import OpenIDConnect

pytestmark = pytest.mark.anyio


def _other_values(bench: Bench) -> dict[str, dict[str, Any]]:
    """Give, for each critical field, a body that changes it within all other rules."""
    base = bench.cloud_sso.base_url
    return {
        "authority_url": {"authority_url": f"{base}/other"},
        "client_id": {"client_id": "another"},
        "external_id_claim_type": {"external_id_claim_type": "sub"},
        "redirect_login_url": {"redirect_login_url": ""},
        "require_public_users": {"require_public_users": True},
        "tenant_id": {"tenant_id": "t", "type": "entra_id"},
        "type": {"type": "other"},
        "user_authentication.claim_type": {"user_authentication": {"claim_type": "role"}},
        "user_authentication.claim_value": {"user_authentication": {"claim_value": "2"}},
        "well_known_url": {"well_known_url": f"{base}/other"},
    }


async def test_every_critical_field_is_guarded(another: Another) -> None:
    """contract 1.2: issuer, URLs, client, claims; all at once are named at once (C30)."""
    async with another({"edits_while_enabled": "test_mode_only"}) as bench:
        await settle(bench)
        bring_into_agreement(bench, mode=2)
        await settle(bench)
        bodies = _other_values(bench)
        assert bodies.keys() == {each.path for each in OpenIDConnect.settings() if each.critical}
        for field, body in bodies.items():
            for method in ("PUT", "PATCH"):
                answer = await bench.client.request(method, OPENID_CONNECT, json=body)
                found = refused(answer, 409, "activation-guard")
                assert field in [each["field"] for each in found["errors"]]
                assert "test_mode" in found["detail"]
        several = {"client_id": "x", "name": "Members", "type": "other"}
        answer = await bench.client.put(OPENID_CONNECT, json=several)
        refused(answer, 409, "activation-guard", "client_id", "type")
        assert nothing_written(bench)


async def test_what_sign_in_does_not_depend_on_may_be_edited(settled: Bench) -> None:
    """contract 1.2: only sign-in-critical fields are guarded."""
    bring_into_agreement(settled, mode=2)
    body = {"name": "Members", "set_login_hint": False}
    answer = await settled.client.put(OPENID_CONNECT, json=body)
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1")
    assert settled.imis.record["ProviderName"] == "Members"


@pytest.mark.parametrize("mode", [0, 1])
async def test_a_pair_that_is_not_live_may_be_edited(settled: Bench, mode: int) -> None:
    """contract 1.2: lower, change, raise."""
    bring_into_agreement(settled, mode)
    answer = await settled.client.put(OPENID_CONNECT, json={"client_id": "another"})
    assert answer.status_code == 200


@pytest.mark.browser
async def test_the_other_half_is_guarded_too(bench: Bench) -> None:
    """contract 1.2: the redirect of Cloud SSO, by the mode of iMIS."""
    bring_into_agreement(bench, mode=2)
    answer = await bench.client.put(REDIRECT, json={"redirect_url": ""})
    refused(answer, 409, "activation-guard", "redirect_url", "redirect.matches")
    assert nothing_written(bench)
    same = await bench.client.put(REDIRECT, json={"redirect_url": bench.redirect_url})
    assert (same.status_code, same.headers["upstream-writes"]) == (200, "0")
    bench.imis.change(Mode=1)
    assert (await bench.client.put(REDIRECT, json={"redirect_url": ""})).status_code == 200


@pytest.mark.browser
async def test_the_other_half_is_not_written_where_the_mode_cannot_be_read(bench: Bench) -> None:
    """contract 1.2, C4: what is not known is not assumed to be harmless."""
    bring_into_agreement(bench, mode=2)
    await bench.client.get(REDIRECT)
    bench.imis.change_variant({"imis_rest": "forbidden"})
    answer = await bench.client.put(REDIRECT, json={"redirect_url": ""})
    refused(answer, 424, "upstream-not-licensed")
    assert nothing_written(bench)


@pytest.mark.browser
async def test_the_secret_that_cloud_sso_shows_is_always_let_through(bench: Bench) -> None:
    """contract 1.2: a rotation at Cloud SSO must not lock people out until somebody lowers."""
    bring_into_agreement(bench, mode=2)
    bench.cloud_sso.rotate_secret()
    version = (await bench.client.get(CLIENT)).json()["client_secret_version"]
    apply = bench.caller(Scope.APPLY)
    answer = await apply.put(OPENID_CONNECT, json=_names(BUILT_IN, version))
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1"), answer.text
    assert bench.imis.record["ClientSecret"] == bench.cloud_sso.client_secret
    assert whole_record(bench)["Mode"] == 2

    inline = await apply.put(
        OPENID_CONNECT, json={"client_secret": bench.cloud_sso.rotate_secret()}
    )
    assert inline.status_code == 200, "it is the same secret, however it is sent"
    assert bench.imis.record["ClientSecret"] == bench.cloud_sso.client_secret


@pytest.mark.browser
async def test_another_secret_is_not(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """contract 1.2: inline, or named and not what Cloud SSO shows; and nothing beside it."""
    bring_into_agreement(bench, mode=2)
    partner = _names("partner", version_of(bench, PARTNER_SECRET))
    checks = ("client.secret-matches", "client.secret-accepted")
    for body in ({"client_secret": "typed-here"}, partner):
        answer = await bench.client.put(OPENID_CONNECT, json=body)
        refused(answer, 409, "activation-guard", "client_secret", *checks)
        assert "typed-here" not in answer.text
    rotated = bench.cloud_sso.rotate_secret()
    both = _names(BUILT_IN, version_of(bench, rotated)) | {"client_id": "another"}
    answer = await bench.client.put(OPENID_CONNECT, json=both)
    assert "client_id" in [e["field"] for e in refused(answer, 409, "activation-guard")["errors"]]
    assert nothing_written(bench)
    monkeypatch.setenv(PARTNER_SOURCE, rotated)
    answer = await bench.client.put(
        OPENID_CONNECT, json=_names("partner", version_of(bench, rotated))
    )
    assert answer.status_code == 200, "the partner's secret is the one that Cloud SSO shows"


@pytest.mark.browser
async def test_an_admin_may_force_an_edit_but_no_trust_pin(bench: Bench) -> None:
    """contract 1.2, C45: forced writes override gates, never pins."""
    bring_into_agreement(bench, mode=2)
    forced = {"force": "true"}
    body = {"client_id": "another"}
    for scope in (Scope.APPLY, Scope.APPLY_PROTECTED):
        answer = await bench.caller(scope).put(OPENID_CONNECT, params=forced, json=body)
        refused(answer, 403, "forbidden")
    evil = {"authority_url": "https://evil.example.org"}
    answer = await bench.client.put(OPENID_CONNECT, params=forced, json=evil)
    refused(answer, 422, "untrusted-host", "authority_url")
    assert nothing_written(bench)
    answer = await bench.client.put(OPENID_CONNECT, params=forced, json=body)
    assert answer.status_code == 200
    assert bench.imis.record["ProviderClientId"] == "another"
    assert (await bench.client.get(f"{BASE}/verification")).json()["passed"] is False


async def test_force_overrides_neither_observe_only_nor_the_tenant(another: Another) -> None:
    """contract 1.2, C44, C46: gates only."""
    for change, slug in (
        ({"writes": "refused"}, "observe-only"),
        ({"tenant": {"organisation": "Somebody else"}}, "wrong-tenant"),
    ):
        async with another(change) as bench:
            bench.imis.change(Mode=1)
            answer = await bench.client.put(
                f"{BASE}/imis/oidc-authentication",
                params={"force": "true"},
                json={"mode": "disabled"},
            )
            refused(answer, 409, slug)
            assert nothing_written(bench)
