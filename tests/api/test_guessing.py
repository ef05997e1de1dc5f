"""A token with the scope read cannot try out secrets: contract C15, targets S2.

For each kind of guess the answers to a right one and to wrong ones are laid side by side: they are
equal, or differ only by what a GET tells the same token.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from api_answers import PARTNER_SECRET, nothing_written, refused
from service_bench import BASE, OPENID_CONNECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.simulators import Variant

pytestmark = pytest.mark.anyio

WRONG = ("a-wrong-guess", "another-wrong-guess", "x")
DRY = (
    {"dry_run": "true"},
    {"dry_run": "true", "include": "meta"},
    {"dry_run": "true", "fields": "name"},
)


@pytest.fixture
def reader(settled: Bench) -> httpx.AsyncClient:
    return settled.caller(Scope.READ, ("test",))


def _told(answer: httpx.Response, *guesses: str) -> tuple[int, str, dict[str, str]]:
    """Give all that an answer tells, without what is drawn at random and what was guessed."""
    body = re.sub(r'"request_id": ?"\w+"', "", answer.text)
    for each in guesses:
        body = body.replace(each, "GUESS")
    ignored = ("x-request-id", "content-length")
    headers = {name: each for name, each in answer.headers.items() if name not in ignored}
    return answer.status_code, body, headers


def _held(bench: Bench) -> str:
    held = bench.imis.record["ClientSecret"]
    assert isinstance(held, str)
    return held


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("params", DRY, ids=str)
async def test_the_inline_secret(
    settled: Bench, reader: httpx.AsyncClient, method: str, params: dict[str, str]
) -> None:
    """contract C15: an inline secret needs `apply`, whatever else the body says."""
    right = [_held(settled), settled.cloud_sso.client_secret, PARTNER_SECRET]
    shown = (await reader.get(OPENID_CONNECT)).json()
    for more in (
        {},
        {"name": "Members"},
        {"client_secret_ref": ""},
        {"client_secret_version": shown["client_secret_version"]},
    ):
        told = []
        for guess in (*right, *WRONG):
            body = {"client_secret": guess, **more}
            answer = await reader.request(method, OPENID_CONNECT, params=params, json=body)
            refused(answer, 403, "forbidden")
            told.append(_told(answer, guess))
        assert all(each == told[0] for each in told)
    assert nothing_written(settled)


@pytest.mark.parametrize("etag", ["right", "wrong"])
async def test_the_inline_secret_with_a_precondition(
    settled: Bench, reader: httpx.AsyncClient, etag: str
) -> None:
    tag = (await reader.get(OPENID_CONNECT)).headers["etag"] if etag == "right" else '"x"'
    told = [
        _told(
            await reader.put(
                OPENID_CONNECT,
                params={"dry_run": "true"},
                json={"client_secret": guess},
                headers={"If-Match": tag},
            )
        )
        for guess in (_held(settled), *WRONG)
    ]
    assert {each[0] for each in told} == {403}
    assert all(each == told[0] for each in told)


@pytest.mark.parametrize("name", ["partner"])
async def test_the_version(settled: Bench, reader: httpx.AsyncClient, name: str) -> None:
    """A right version is no discovery: GET shows the same fingerprint to the same token."""
    shown = (await reader.get(f"{BASE}/secrets/{name}")).json()["version"]
    wrong = ["v1-0123456789abcdef", "v1-fedcba9876543210", "v2-x", "x"]
    told = []
    for guess in wrong:
        body = {"client_secret_ref": name, "client_secret_version": guess}
        answer = await reader.put(OPENID_CONNECT, params={"dry_run": "true"}, json=body)
        refused(answer, 409, "secret-version-changed")
        told.append(_told(answer, guess))
    assert all(each == told[0] for each in told)
    known = {"client_secret_ref": name, "client_secret_version": shown}
    answer = await reader.put(OPENID_CONNECT, params=DRY[1], json=known)
    assert answer.status_code == 200
    assert answer.json()["client_secret_version"] == shown
    assert set(_versions(answer.text) + _versions(str(told))) <= {
        shown,
        (await reader.get(OPENID_CONNECT)).json()["client_secret_version"],
    }


def _versions(text: str) -> list[str]:
    return re.findall(r"v1-[0-9a-f]{16}", text)


async def test_the_reference(settled: Bench, reader: httpx.AsyncClient) -> None:
    """A name of this environment is in its list; every other one is as good as none."""
    listed = {each["id"] for each in (await reader.get(f"{BASE}/secrets")).json()["items"]}
    told = []
    for guess in ("nobodys-name", "prod-partner", "imis-password", "cloud-sso-password"):
        assert guess not in listed
        body = {"client_secret_ref": guess, "client_secret_version": "v1-0123456789abcdef"}
        answer = await reader.put(OPENID_CONNECT, params={"dry_run": "true"}, json=body)
        body = refused(answer, 422, "invalid-settings", "client_secret_ref")
        named = set(re.findall(r"[a-z]+(?:-[a-z]+)+", json.dumps(body["errors"]))) - {guess}
        assert named & {"prod-partner", "imis-password", "cloud-sso-password"} == set()
        told.append(_told(answer, guess, *listed))
    assert all(each == told[0] for each in told)


@pytest.mark.parametrize("hiding", ["masked", "absent"])
async def test_a_secret_that_imis_hides_stays_hidden(
    settled: Bench, reader: httpx.AsyncClient, hiding: str
) -> None:
    """Nothing that a reader sends tells the right secret from a wrong one."""
    settled.imis.change_variant({"imis_secret": hiding})
    told: list[Any] = []
    for guess in (_held(settled), *WRONG):
        body = {"client_secret": guess, "name": "Members"}
        answer = await reader.put(OPENID_CONNECT, params=DRY[1], json=body)
        told.append(_told(answer, guess))
    assert {each[0] for each in told} == {403}
    assert all(each == told[0] for each in told)
    settled.imis.change_variant(Variant().as_dict())


async def test_apply_may_push_and_is_shown_no_fingerprint_of_it(settled: Bench) -> None:
    """contract C15: what may be pushed is not told apart beyond "changed" either."""
    writer = settled.caller(Scope.APPLY, ("test",))
    before = (await writer.get(OPENID_CONNECT)).json()["client_secret_version"]
    for guess in WRONG:
        answer = await writer.put(OPENID_CONNECT, params=DRY[1], json={"client_secret": guess})
        assert answer.status_code == 200
        assert set(_versions(answer.text)) <= {before}
