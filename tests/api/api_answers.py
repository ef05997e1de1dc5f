"""What API tests look at again and again: the shape of a refusal, and a pair in agreement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
from service_bench import Bench

from imis_sso.domain.secret import Secret
from imis_sso.services.secrets import Shown

PARTNER_SOURCE = "IMIS_SSO_TEST_PARTNER_SECRET"
PARTNER_SECRET = "partner+/=%:&~secret-of-these-tests"
#: Opens services of their own; see the fixture `another`.
Another = Callable[..., AbstractAsyncContextManager[Bench]]
RETRYABLE = {429, 500, 502, 503, 504}


def refused(answer: httpx.Response, status: int, slug: str, *fields: str) -> dict[str, Any]:
    """Check that an answer is this problem (contract C30, C31), and give its body.

    Where fields are named, `errors` must be about exactly these.
    """
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    keys = ["detail", "type", "title", "status", "errors", "request_id"]
    assert list(body) == [key for key in keys if key in body]
    assert body["detail"]
    assert body["type"] == f"/problems/{slug}"
    assert body.get("status", status) == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert (status in RETRYABLE) == ("retry-after" in answer.headers)
    if "retry-after" in answer.headers:
        assert int(answer.headers["retry-after"]) > 0
    if fields:
        assert [each["field"] for each in body["errors"]] == list(fields)
    return body


def errors_of(body: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Give a problem's errors by field."""
    return {each["field"]: each for each in body["errors"]}


def bring_into_agreement(bench: Bench, mode: int = 0) -> None:
    """Type the recipe into both simulated products, as a person would; `mode` is iMIS's number."""
    cloud_sso = bench.cloud_sso
    bench.imis.change(
        Mode=mode,
        ProviderType=1,
        ProviderName="Cloud SSO",
        ProviderClientId=cloud_sso.client_id,
        ClientSecret=cloud_sso.client_secret,
        WellKnownUrl=cloud_sso.discovery_url,
        Authority=cloud_sso.issuer,
        RedirectLoginUri=bench.redirect_url,
        ExternalIdClaimType="external_id",
        SetLoginHint=True,
        StaffClaimType="staff",
        StaffClaimValue="1",
    )
    cloud_sso.redirect_url = bench.redirect_url


async def settle(bench: Bench) -> None:
    """Put the secret that iMIS holds on record, nameless: no name needs be inferred then."""
    secrets = bench.service.pairs["test"].secrets
    held = Secret(bench.imis.record["ClientSecret"])
    await secrets.remember(Shown("", secrets.version(held)))


def nothing_written(bench: Bench) -> bool:
    """Tell whether neither product of the environment was written to since the last reset."""
    return bench.imis.counters.writes == 0 and bench.cloud_sso.counters.writes == 0


def whole_record(bench: Bench) -> dict[str, Any]:
    """Give the record behind the page in full, the defaults that the wire leaves out included."""
    record = bench.imis.state()["record"]
    assert isinstance(record, dict)
    return record
