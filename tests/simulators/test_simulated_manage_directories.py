"""Manage Directories of the simulated dashboard (product facts 4.3, 4.5), without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from imis_sso.simulators import CloudSsoModel, Fault, Simulation, follow_recipe, sign_in
from imis_sso.simulators.cloud_sso.journeys import discovery_address
from imis_sso.simulators.people import somebody

MANAGE, TOKEN = "/directories/manage", "__RequestVerificationToken"


def token(client: httpx.Client, path: str = MANAGE) -> str:
    found = re.search(f'name="{TOKEN}" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


@pytest.fixture
def signed_in(simulation: Simulation, cloud_sso: CloudSsoModel) -> Iterator[httpx.Client]:
    """A client that is signed in to the dashboard, and follows redirects."""
    with httpx.Client(
        base_url=cloud_sso.base_url, verify=simulation.trust, follow_redirects=True
    ) as client:
        form = {
            "username": cloud_sso.username,
            "password": cloud_sso.password,
            "cloud_id": cloud_sso.cloud_id,
            TOKEN: token(client, "/account/login"),
        }
        client.post("/account/login", data=form)
        cloud_sso.reset()
        yield client


def form_of(client: httpx.Client, path: str) -> dict[str, str]:
    """Give what a form would send, left alone."""
    page = client.get(path).text
    fields = re.findall(
        r'<input type="(\w+)"[^>]*? name="([^"]+)"(?: value="([^"]*)")?( checked)?', page
    )
    sent = {}
    for kind, name, value, checked in fields:
        if kind != "checkbox":
            sent[name] = value
        elif checked:
            sent[name] = "on"
    return sent


def test_a_directory_is_added_edited_and_deleted(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    new = form_of(signed_in, f"{MANAGE}/new")
    assert "Return URL" not in signed_in.get(f"{MANAGE}/new").text
    incomplete = signed_in.post(f"{MANAGE}/new", data=new | {"name": "Ours"})
    assert "Authorization URL is required." in incomplete.text
    told = form_of(signed_in, f"{MANAGE}/3")
    added = signed_in.post(f"{MANAGE}/new", data=told | {"name": "Ours"})
    assert str(added.url).endswith(f"{MANAGE}/4")
    assert cloud_sso.return_url in added.text
    assert cloud_sso.directories["directory-4"].client_secret == told["client_secret"]
    changed = form_of(signed_in, f"{MANAGE}/4") | {"claim_staff": "role"}
    changed.pop("enable_pkce")
    signed_in.post(f"{MANAGE}/4", data=changed)
    stored = cloud_sso.directories["directory-4"]
    assert (stored.claims["staff"], stored.enable_pkce) == ("role", False)
    deletion = {TOKEN: token(signed_in)}
    gone = signed_in.post(f"{MANAGE}/4/delete", data=deletion)
    assert "Directory deleted." in gone.text
    assert signed_in.get(f"{MANAGE}/4").status_code == 404
    again = signed_in.post(f"{MANAGE}/new", data=told | {"name": "Ours"})
    assert str(again.url).endswith(f"{MANAGE}/5"), "a number never comes again"
    assert signed_in.post(f"{MANAGE}/3/delete", data={TOKEN: "wrong"}).status_code == 400


@pytest.mark.parametrize("shows", ["masked", "absent"])
@pytest.mark.parametrize("keeps", [True, False])
def test_a_secret_that_is_left_alone(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel, shows: str, *, keeps: bool
) -> None:
    fate = "keeps" if keeps else "wipes"
    cloud_sso.change_variant({"cloud_sso_directory_secret": shows, "cloud_sso_unread_secret": fate})
    secret = cloud_sso.directories["okta"].client_secret
    signed_in.post(f"{MANAGE}/3", data=form_of(signed_in, f"{MANAGE}/3"))
    assert (cloud_sso.directories["okta"].client_secret == secret) is keeps


@pytest.mark.parametrize(
    ("shows", "status"), [("shown", 400), ("masked", 400), ("reveal", 200), ("absent", 400)]
)
def test_a_hidden_secret_is_given_to_the_signed_in_page_only(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel, shows: str, status: int
) -> None:
    cloud_sso.change_variant({"cloud_sso_directory_secret": shows})
    secret, path = "canary-secret", f"{MANAGE}/3/reveal"
    cloud_sso.change_directory("okta", client_secret=secret)
    form = {TOKEN: token(signed_in)}
    assert (secret in signed_in.get(f"{MANAGE}/3").text) == (shows == "shown")
    answer = signed_in.post(path, data=form)
    assert (answer.status_code, secret in answer.text) == (status, status == 200)
    assert signed_in.post(path, data={TOKEN: "wrong"}).status_code == 400
    if status == 200:
        assert signed_in.post(f"{MANAGE}/9/reveal", data=form).status_code == 404
    signed_in.cookies.clear()
    assert secret not in signed_in.post(path, data=form).text


def test_a_script_is_answered_in_json(signed_in: httpx.Client, cloud_sso: CloudSsoModel) -> None:
    told, deletion = form_of(signed_in, f"{MANAGE}/3"), {TOKEN: token(signed_in)}
    signed_in.headers["Accept"] = "application/json"
    changed = signed_in.post(f"{MANAGE}/3", data=told | {"scopes": "openid"})
    assert changed.json() == {"ok": True, "message": "Directory saved."}
    added = signed_in.post(f"{MANAGE}/new", data=told)
    saved = {"ok": True, "message": "Directory saved.", "next": f"{MANAGE}/4"}
    assert added.json() == saved
    assert "Directory saved." in signed_in.get(f"{MANAGE}/4").text
    refused = signed_in.post(f"{MANAGE}/4", data=told | {"name": ""})
    assert refused.json() == {"ok": False, "message": "Name is required."}
    gone = signed_in.post(f"{MANAGE}/4/delete", data=deletion)
    assert gone.json() == {"ok": True, "message": "Directory deleted."}
    assert "Directory deleted." not in signed_in.get(MANAGE).text
    assert cloud_sso.directories["okta"].scopes == "openid"
    assert cloud_sso.directories.keys() == {"cognito", "entra", "okta"}


@pytest.mark.parametrize("page", ["", "/new", "/3"])
def test_a_document_of_a_single_page_holds_nothing_yet(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel, page: str
) -> None:
    cloud_sso.change_variant({"cloud_sso_render": "single_page"})
    assert "data-asks" not in signed_in.get(MANAGE + page).text
    assert "data-asks" in signed_in.get(MANAGE + page, headers={"X-Requested-With": "fetch"}).text


def test_the_edition_limits_them(signed_in: httpx.Client, cloud_sso: CloudSsoModel) -> None:
    told = form_of(signed_in, f"{MANAGE}/3")
    cloud_sso.patch({"directory_limit": 3})
    assert "Your edition allows 3 directories." in signed_in.get(f"{MANAGE}/new").text
    signed_in.post(f"{MANAGE}/new", data=told)
    assert len(cloud_sso.directories) == 3


def test_discover_fills_the_four_addresses(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    told = cloud_sso.directories["cognito"]
    keys = told.issuer + "/.well-known/jwks.json"
    for given in (told.discovery_domain, keys, told.issuer):
        form = {TOKEN: token(signed_in), "discovery_domain": given}
        assert signed_in.post(f"{MANAGE}/discover", data=form).json() == {
            "authorization_url": told.authorization_url,
            "token_url": told.token_url,
            "userinfo_url": told.userinfo_url,
            "issuer": told.issuer,
        }
    form = {TOKEN: token(signed_in), "discovery_domain": "https://login.example.org"}
    assert signed_in.post(f"{MANAGE}/discover", data=form).status_code == 400
    assert discovery_address("id.example.org", "").startswith("https://id.example.org/.well-known")


def test_the_connection_is_tried_and_its_claims_are_shown(
    signed_in: httpx.Client, simulation: Simulation
) -> None:
    person = somebody("okta")
    page = signed_in.get(f"{MANAGE}/3/test")
    request = re.search(r'name="request" value="([^"]+)"', page.text)
    action = re.search(r'action="([^"]+)"', page.text)
    assert request
    assert action
    form = {"request": request[1], "username": person.email}
    form["password"] = simulation.directory("test").password
    shown = signed_in.post(str(page.url.join(action[1])), data=form)
    assert "Connection test" in shown.text
    assert re.search(r"<th[^>]*>staff</th><td>1</td><td>staff</td>", shown.text)


def test_a_save_that_is_dropped_stores_nothing(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    told = form_of(signed_in, f"{MANAGE}/3")
    cloud_sso.faults.add(Fault(kind="write_dropped"))
    signed_in.post(f"{MANAGE}/3", data=told | {"name": "Other"})
    assert cloud_sso.directories["okta"].name == "Example org"


def spoil(client: httpx.Client, field: str) -> None:
    right = form_of(client, f"{MANAGE}/3")
    client.post(f"{MANAGE}/3", data=right | {field: f"{right[field]}x"})


@pytest.mark.anyio
@pytest.mark.parametrize("field", ["token_url", "issuer", "client_secret", "authorization_url"])
async def test_a_wrong_value_typed_on_the_page_ends_a_sign_in(
    signed_in: httpx.Client, simulation: Simulation, field: str
) -> None:
    """The records are what signing in goes by."""
    follow_recipe(simulation, "test")
    person = somebody("okta")
    assert (await sign_in(simulation, "test", person)).signed_in
    spoil(signed_in, field)
    assert not (await sign_in(simulation, "test", person)).signed_in
