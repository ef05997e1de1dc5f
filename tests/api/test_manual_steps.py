"""A pair in the hands of a person: nothing is made up, every step is told, checked and kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from api_answers import Another, errors_of, refused
from assisted_bench import (
    PRESENT,
    STEPS,
    by_person,
    cloud_sso_says,
    done,
    imis_says,
    say,
    waiting,
)
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.simulators import Simulation

pytestmark = pytest.mark.anyio


@pytest.fixture
async def untold(
    another: Another, fresh: Simulation, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    """A pair of which nobody has said anything."""
    async with another(by_person(fresh, monkeypatch)) as bench:
        yield bench


@pytest.fixture
async def told(untold: Bench) -> Bench:
    """A pair of which a person has said what is there."""
    await say(untold)
    return untold


def silent(bench: Bench) -> bool:
    """Tell that neither product was asked for its settings, let alone written."""
    return bench.imis.counters.logins == bench.cloud_sso.counters.logins == 0


async def test_what_nobody_said_is_not_made_up(untold: Bench) -> None:
    """contract C4: neither 404 nor defaults; the answer says how to begin."""
    for method, path, more in (
        ("GET", OPENID_CONNECT, {}),
        ("GET", MODE, {}),
        ("GET", CLIENT, {}),
        ("PUT", REDIRECT, {"json": {"redirect_url": ""}}),
        ("GET", f"{BASE}/verification", {}),
    ):
        answer = await untold.client.request(method, path, **more)
        body = refused(answer, 409, "manual-step-required")
        assert "imis-sso confirm test --present" in body["detail"]
    status = (await untold.client.get(f"{BASE}/status")).json()
    waiting = {each["resource"]: each["pending_manual_step"] for each in status["resources"]}
    assert waiting.pop("imis/licence") is None
    assert set(waiting.values()) == {"present"}
    licence = (await untold.client.get(f"{BASE}/imis/licence")).json()
    assert licence == {"openid_connect": "unknown"}
    assert silent(untold)


async def test_a_person_says_what_is_there(untold: Bench) -> None:
    """Values are taken as the product has them; every field of every document of a page."""
    page = imis_says(name=" as typed ", authority_url="HTTPS://Odd.example.org")
    await say(untold, **(page | cloud_sso_says(untold)))
    document = (await untold.client.get(OPENID_CONNECT)).json()
    assert document["name"] == " as typed "
    assert document["email_body"] == "Dear member,\n…"
    assert (document["client_secret_ref"], document["client_secret_version"]) == ("", "")
    shown = (await untold.client.get(CLIENT)).json()
    assert shown["client_id"] == untold.cloud_sso.client_id
    assert shown["client_secret_version"].startswith("v1-")
    assert (await untold.client.get(MODE)).json() == {"mode": "disabled"}
    lines = (await untold.client.get(f"{BASE}/changes", params={"kind": "confirmed"})).json()
    assert [each["facts"]["present"] for each in lines["items"]] == [
        ["cloud-sso/imis-client", "cloud-sso/imis-sso-settings"],
        ["imis/openid-connect", "imis/oidc-authentication"],
    ]


@pytest.mark.parametrize(
    ("documents", "slug", "fields"),
    [
        ({}, "invalid-settings", []),
        ({"imis/oidc-authentication": {"mode": "disabled"}}, "invalid-settings", ["openid"]),
        ({"imis/openid-connect": {"name": "A"}}, "invalid-settings", ["client_id", "tenant_id"]),
        ({"imis/nothing": {}}, "invalid-settings", ["imis/nothing"]),
        ({"cloud-sso/imis-client": {"issuer": 5}}, "invalid-settings", ["issuer"]),
        ({"cloud-sso/imis-client": {"isuer": ""}}, "unknown-field", ["isuer"]),
    ],
)
async def test_what_is_said_is_whole(
    untold: Bench, documents: dict[str, Any], slug: str, fields: list[str]
) -> None:
    body = refused(await untold.client.post(PRESENT, json={"documents": documents}), 422, slug)
    assert all(any(name in each["field"] for each in body["errors"]) for name in fields)
    refused(await untold.client.get(MODE), 409, "manual-step-required")


async def test_a_write_becomes_a_step_and_then_goes_through(told: Bench) -> None:
    """The same request, before and after a person did what it says."""
    body = {"name": "Members", "set_login_hint": False, "type": "other"}
    first = refused(
        await told.client.put(OPENID_CONNECT, json=body),
        409,
        "manual-step-required",
        "name",
        "set_login_hint",
        "type",
    )
    page = "Settings > Contacts > OpenID Connect"
    assert errors_of(first)["name"]["detail"] == f'{page}: set "Name" to "Members"'
    assert errors_of(first)["set_login_hint"]["detail"] == f'{page}: set "Set login hint" to off'
    assert errors_of(first)["type"]["detail"] == f'{page}: set "Type" to "Other"'
    assert first["detail"].startswith("A person has to do this in the Staff site of iMIS (https://")
    assert first["detail"].endswith("`imis-sso confirm test 1`, and apply again.")
    again = await told.client.put(OPENID_CONNECT, json=body)
    assert again.json()["detail"] == first["detail"]
    (step,) = await waiting(told)
    assert (step["id"], step["who"], step["resource"]) == ("1", "caller", "imis/openid-connect")
    assert (await told.client.get(OPENID_CONNECT)).json()["name"] == "Cloud SSO"

    assert (await done(told, "1"))["confirmed_by"] == "caller"
    written = await told.client.put(OPENID_CONNECT, json=body)
    assert (written.status_code, written.headers["upstream-writes"]) == (200, "0")
    assert written.json()["name"] == "Members"
    assert await waiting(told) == []
    kinds = [each["kind"] for each in (await told.client.get(f"{BASE}/changes")).json()["items"]]
    assert kinds[:5] == ["confirmed", "outcome", "intent", "outcome", "intent"]
    status = (await told.client.get(f"{BASE}/status")).json()["resources"][0]
    assert (status["connector"], status["managed"]) == ("assisted", True)
    moments = (await told.client.get(f"{BASE}/snapshots")).json()["items"]
    assert moments[0]["cause"] == "confirmed"
    assert silent(told)


async def test_a_newer_step_supersedes_the_one_before(told: Bench) -> None:
    """What was superseded cannot be confirmed; steps are listed page by page, the newest first."""
    for name in ("A", "B"):
        await told.client.put(OPENID_CONNECT, json={"name": name})
    await told.client.put(MODE, json={"mode": "test_mode"})
    assert [each["id"] for each in await waiting(told)] == ["3", "2"]
    refused(await told.client.post(f"{STEPS}/1/confirm", json={}), 409, "upstream-changed")
    first = (await told.client.get(STEPS, params={"limit": "2"})).json()
    rest = (await told.client.get(STEPS, params={"cursor": first["next"]})).json()
    assert [each["id"] for each in (*first["items"], *rest["items"])] == ["3", "2", "1"]
    assert rest["next"] == ""
    refused(await told.client.get(f"{STEPS}/9"), 404, "not-found")
    await done(told, "2")
    assert (await told.client.get(OPENID_CONNECT)).json()["name"] == "B"
    assert (await told.client.get(MODE)).json() == {"mode": "disabled"}


async def test_a_secret_is_told_only_as_where_to_copy_it_from(told: Bench) -> None:
    """contract C20, C22: the version is the one of the secret that the registry's source holds."""
    shown = (await told.client.get(CLIENT)).json()
    pushed = {
        "client_secret_ref": "cloud-sso-imis-client",
        "client_secret_version": shown["client_secret_version"],
    }
    answer = await told.client.put(OPENID_CONNECT, json=pushed)
    body = refused(answer, 409, "manual-step-required", "client_secret")
    assert "copied from the dashboard of Cloud SSO" in body["errors"][0]["detail"]
    secret = told.cloud_sso.client_secret
    assert secret not in answer.text
    assert secret not in json.dumps((await told.client.get(STEPS)).json())
    await done(told, "1")
    document = (await told.client.get(OPENID_CONNECT)).json()
    assert {key: document[key] for key in pushed} == pushed
    assert (await told.client.put(OPENID_CONNECT, json=pushed)).headers["upstream-writes"] == "0"


async def test_a_step_that_was_not_done_is_not_confirmed(told: Bench) -> None:
    """The provider itself tells whether a redirect is registered; only force overrides it."""
    await told.client.put(REDIRECT, json={"redirect_url": told.redirect_url})
    told.cloud_sso.patch({"redirect_url": "https://elsewhere.example.org/"})
    confirm = f"{STEPS}/1/confirm"
    looked = (await told.client.post(confirm, params={"dry_run": "true"}, json={})).json()
    checks = {each["id"]: each["status"] for each in looked["checks"]}
    assert checks["redirect.registered"] == "failed"
    assert checks["discovery.reachable"] == "passed"
    body = refused(await told.client.post(confirm, json={}), 409, "verification-failed")
    assert [each["field"] for each in body["errors"]] == ["redirect.registered"]
    apply = told.caller(Scope.APPLY)
    forced = await apply.post(confirm, params={"force": "true"}, json={})
    refused(forced, 403, "forbidden")
    assert (await told.client.get(REDIRECT)).json() != {"redirect_url": told.redirect_url}
    told.cloud_sso.patch({"redirect_url": told.redirect_url})
    step = await done(told, "1")
    assert {"id": "redirect.registered", "status": "passed"}.items() <= next(
        each for each in step["checks"] if each["id"] == "redirect.registered"
    ).items()
    assert (await told.client.get(REDIRECT)).json() == {"redirect_url": told.redirect_url}


async def test_a_dry_run_tells_that_a_person_would_do_it(told: Bench) -> None:
    """contract C15: listed among the gates; no step is asked for."""
    query = {"dry_run": "true", "include": "meta"}
    answer = await told.client.put(OPENID_CONNECT, params=query, json={"name": "Members"})
    (gate,) = answer.json()["meta"]["gates"]
    assert gate == "manual-step-required: a person has to set name; the write says how."
    assert await waiting(told) == []


async def test_destroy_gives_back_what_was_there_before(told: Bench) -> None:
    """contract C5: `restore` is a step as well; the state found is the one before the first."""
    await told.client.put(OPENID_CONNECT, json={"name": "Members"})
    await done(told, "1")
    query = {"on_destroy": "restore"}
    body = refused(
        await told.client.delete(OPENID_CONNECT, params=query), 409, "manual-step-required"
    )
    assert 'set "Name" to "Cloud SSO"' in body["detail"]
    await done(told, "2")
    assert (await told.client.delete(OPENID_CONNECT, params=query)).status_code == 204


async def test_the_brake_holds_and_says_what_to_do(told: Bench) -> None:
    """contract 1.2: nobody lowers the mode but the person, who is told how."""
    await say(told, **imis_says("enabled"))
    answer = await told.client.post(
        f"{BASE}/emergency", json={"mode": "disabled", "reason": "nobody gets in"}
    )
    pulled = answer.json()
    assert (pulled["outcome"], pulled["mode"]) == ("failed", "unknown")
    assert 'set "OIDC authentication" to "Disabled"' in pulled["manual_step"]
    assert pulled["hold"]["reason"] == "nobody gets in"
    (step,) = await waiting(told)
    assert step["resource"] == "imis/oidc-authentication"
    await done(told, step["id"])
    assert (await told.client.get(MODE)).json() == {"mode": "disabled"}


async def test_directories_have_no_instructions(told: Bench) -> None:
    """None is listed, for nobody looks; to make one is refused."""
    directories = f"{BASE}/cloud-sso/directories"
    assert (await told.client.get(directories)).json() == {"items": []}
    body = {
        "authorization_url": "https://login.example.org/authorize",
        "client_id": "c",
        "issuer": "https://login.example.org",
        "name": "Staff",
        "token_url": "https://login.example.org/token",
        "userinfo_url": "https://login.example.org/userinfo",
    }
    answer = await told.client.put(f"{directories}/staff", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["upstream-writes"] == "0"


async def test_reading_may_not_confirm(told: Bench) -> None:
    """contract section 1: `apply`."""
    await told.client.put(OPENID_CONNECT, json={"name": "Members"})
    reader = told.caller(Scope.READ)
    assert (await reader.get(f"{STEPS}/1")).status_code == 200
    refused(await reader.post(f"{STEPS}/1/confirm", json={}), 403, "forbidden")
