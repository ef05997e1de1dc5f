"""A person signs in: by iMIS, Cloud SSO and their directory; and any one thing wrong ends it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sign_in_faults import FAULTS, HARMLESS, UNRECOGNISED, cloud_sso, id_token

from imis_sso.simulators import (
    ImisModel,
    Outcome,
    Simulation,
    follow_recipe,
    open_browser,
    sign_in,
)
from imis_sso.simulators.people import FLAVOURS, PEOPLE, somebody

pytestmark = pytest.mark.anyio


@pytest.fixture
def ready(simulation: Simulation) -> Simulation:
    """Both environments set up by the recipe, in test mode."""
    for name in simulation.environments:
        follow_recipe(simulation, name)
    return simulation


# It succeeds


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.email)
@pytest.mark.parametrize("mode", ["TestMode", "Enabled"])
async def test_everybody_signs_in_by_their_directory(
    simulation: Simulation, person: Any, mode: str
) -> None:
    """product facts 2 and 3.1: staff is who has the claim `staff` = `1`."""
    follow_recipe(simulation, "test", mode=mode)
    outcome = await sign_in(simulation, "test", person)
    right = Outcome(signed_in=True, staff=person.is_staff, where="imis", name=person.name)
    assert outcome == right
    [noted] = simulation.imis("test").sign_ins.all()
    assert (noted.signed_in, noted.name, noted.staff) == (True, person.name, person.is_staff)


async def test_environments_are_apart(ready: Simulation) -> None:
    assert (await sign_in(ready, "prod")).signed_in
    assert ready.imis("test").counters.requests == 0
    assert ready.cloud_sso("test").counters.requests == 0


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_somebody_unknown_gets_an_account(ready: Simulation, flavour: str) -> None:
    """product facts 3.1: the first sign-in of an unknown person creates an account."""
    person, members = somebody(flavour), ready.imis("test").members
    members.forget(person.email)
    assert (await sign_in(ready, "test", person)).staff
    account = members.find(person.email)
    assert account is not None
    assert (account.external_id, account.name) == (person.external_id, person.name)


@pytest.mark.parametrize("named", HARMLESS)
async def test_what_does_not_end_a_sign_in(ready: Simulation, named: str) -> None:
    HARMLESS[named](ready)
    assert (await sign_in(ready, "test")).staff


async def test_a_sign_in_asks_cloud_sso_once_for_each_thing(ready: Simulation) -> None:
    """So that a table of sign-ins stays cheap; counted, not timed."""
    assert (await sign_in(ready, "test")).signed_in
    ready.cloud_sso("test").reset()
    assert (await sign_in(ready, "test")).signed_in
    assert ready.cloud_sso("test").counters.by_route == {
        "GET /.well-known/openid-configuration": 1,
        "GET /oauth2/authorize": 1,
        "GET /oauth2/jwks": 1,
        "GET /oauth2/return": 1,
        "POST /oauth2/sign-in": 1,
        "POST /oauth2/token": 1,
    }


async def test_one_browser_serves_one_person_after_the_other(ready: Simulation) -> None:
    async with open_browser(ready) as browser:
        for person in PEOPLE:
            outcome = await sign_in(ready, "test", person, browser=browser)
            assert (outcome.name, outcome.staff) == (person.name, person.is_staff)


# It fails, and says why


@pytest.mark.parametrize("named", FAULTS)
async def test_one_thing_wrong_ends_the_sign_in_and_says_why(ready: Simulation, named: str) -> None:
    sabotage, reason, where = FAULTS[named]
    sabotage(ready)
    outcome = await sign_in(ready, "test")
    assert (outcome.signed_in, outcome.reason, outcome.where) == (False, reason, where)
    noted = [*ready.imis("test").sign_ins.all(), *ready.cloud_sso("test").sign_ins.all()]
    if where == "imis" and reason not in {"mode-disabled", "not-licensed", "no-record"}:
        assert reason in {each.reason for each in noted} | {
            each.reason for each in ready.imis("prod").sign_ins.all()
        }


@pytest.mark.parametrize("named", UNRECOGNISED)
async def test_staff_is_not_recognised(ready: Simulation, named: str) -> None:
    UNRECOGNISED[named](ready)
    outcome = await sign_in(ready, "test")
    assert (outcome.signed_in, outcome.staff, outcome.reason) == (True, False, "")


async def test_staff_may_be_a_number_to_the_provider(ready: Simulation) -> None:
    """product facts 3.2 and 4.3: the value is compared as text."""
    id_token(claims={"staff": 1})(ready)
    assert (await sign_in(ready, "test")).staff


async def test_a_fault_leaves_the_other_environment_alone(ready: Simulation) -> None:
    cloud_sso(certificate="expired")(ready)
    assert (await sign_in(ready, "prod")).staff


@pytest.mark.parametrize("address", ["https://[", "https://127.0.0.1:x/", "https://127.0.0.1:1/"])
async def test_what_is_no_address_is_an_address_without_an_answer(
    ready: Simulation, address: str
) -> None:
    ready.imis("test").change(WellKnownUrl=address)
    outcome = await sign_in(ready, "test")
    assert (outcome.reason, outcome.where) == ("discovery-unreachable", "imis")


# The page


@pytest.mark.parametrize(
    ("mode", "seen"),
    [
        ("Disabled", {"User name", "Password"}),
        ("TestMode", {"E-mail", "Continue with Cloud SSO", "Use iMIS credentials"}),
        ("Enabled", {"E-mail", "Continue with Cloud SSO", "System administrators"}),
    ],
)
def test_the_sign_in_page_shows_the_mode(
    ready: Simulation, imis_client: httpx.Client, mode: str, seen: set[str]
) -> None:
    """product facts 3.1."""
    ready.imis("test").change(Mode=mode)
    text = imis_client.get("/sign-in").text
    asked = {"User name", "Password", "E-mail", "Continue with", "Use iMIS credentials"}
    asked |= {"Continue with Cloud SSO", "System administrators"}
    assert {each for each in asked if each in text} == seen | (
        {"Continue with"} if mode != "Disabled" else set()
    )


def test_imis_credentials_stay_for_administrators(
    ready: Simulation, imis_client: httpx.Client, imis: ImisModel
) -> None:
    """product facts 3.1: enabled leaves iMIS credentials to system administrators."""
    imis.change(Mode="Enabled")
    form = {"username": imis.username, "password": imis.password}
    assert imis_client.post("/sign-in/imis", data=form).status_code == 303
    assert "Signed in as" in imis_client.get("/").text
    imis.patch({"roles": ["RemoteService"]})
    assert imis_client.post("/sign-in/imis", data=form).status_code == 400
    imis.change(Mode="TestMode")
    assert imis_client.post("/sign-in/imis", data=form).status_code == 303
    assert imis_client.post("/sign-in/imis", data=form | {"password": "x"}).status_code == 400


def test_an_answer_is_good_once_and_for_one_browser(
    ready: Simulation, imis_client: httpx.Client
) -> None:
    """OpenID Connect Core 1.0, 3.1.2.1: the state is bound to the browser."""
    for browser in (httpx.Client(base_url=imis_client.base_url, verify=ready.trust), imis_client):
        sent = imis_client.post("/sign-in", data={"email": "ada@example.org"})
        state = httpx.URL(sent.headers["Location"]).params["state"]
        answer = browser.get("/", params={"error": "access_denied", "state": state})
        assert answer.status_code == 400
        assert ("(provider-error)" in answer.text) is (browser is imis_client)
        again = imis_client.get("/", params={"error": "access_denied", "state": state})
        assert "(state)" in again.text
        browser.close()


def test_control_api_tells_how_sign_ins_ended(
    ready: Simulation, imis_client: httpx.Client, imis: ImisModel
) -> None:
    imis.change(ClientSecret=None)
    imis_client.post("/sign-in", data={"email": "ada@example.org"})
    [noted] = imis_client.get("/_control/sign-ins").json()
    assert (noted["signed_in"], noted["reason"]) == (False, "incomplete")
    imis_client.post("/_control/reset")
    assert imis_client.get("/_control/sign-ins").json() == []


def test_what_was_asked_for_is_what_the_record_says(
    ready: Simulation, imis_client: httpx.Client, imis: ImisModel
) -> None:
    sent = imis_client.post("/sign-in", data={"email": "ada@example.org"})
    query = httpx.URL(sent.headers["Location"]).params
    assert query["redirect_uri"] == imis.record["RedirectLoginUri"]
    assert (query["client_id"], query["login_hint"], query["response_type"]) == (
        imis.record["ProviderClientId"],
        "ada@example.org",
        "code",
    )
    imis.change(SetLoginHint=False)
    sent = imis_client.post("/sign-in", data={"email": "ada@example.org"})
    assert "login_hint" not in httpx.URL(sent.headers["Location"]).params
