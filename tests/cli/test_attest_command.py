"""`imis-sso attest-sign-in`: somebody signs in to the simulators in a real browser (contract 1.2).

Cloud SSO and its directory are real too: nothing here is played but the person's fingers.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from command_line import Registry, command
from playwright.async_api import Page, expect

from imis_sso.cli.attest import begin, finish, watched
from imis_sso.cli.console import Failure
from imis_sso.cli.target import Target
from imis_sso.connectors.browser.watched import Trust, Watched
from imis_sso.simulators import Simulation, follow_recipe
from imis_sso.simulators.people import PEOPLE, Person
from imis_sso.simulators.window import sign_in_window

PATIENCE = 20_000
SECONDS = 60.0


class Member:
    """A member of staff with a password, who reads pages and then says what they see."""

    def __init__(self, simulation: Simulation, person: Person = PEOPLE[0]) -> None:
        self._password = simulation.directory("test").password
        self._person, self.page = person, None
        self.asked = False

    async def sign_in(self, page: Page) -> None:
        """Do what a person does, by what can be read on the pages."""
        page.set_default_timeout(PATIENCE)
        self.page: Page | None = page
        await sign_in_window(page, self._person, self._password)

    async def is_signed_in(self) -> bool:
        """Read what iMIS says."""
        self.asked = True
        assert self.page is not None
        status = self.page.get_by_role("status")
        await expect(status).to_contain_text("Signed in as", timeout=PATIENCE)
        return True


class Doubter(Member):
    """Somebody who signs in and then says that it did not work."""

    async def is_signed_in(self) -> bool:
        return False


class Leaver(Member):
    """Somebody who closes the window on the way."""

    async def sign_in(self, page: Page) -> None:
        await page.get_by_label("E-mail").fill(self._person.email)
        await page.get_by_role("button", name="Continue with Cloud SSO").click()
        await page.close()


@pytest.fixture
def target(simulation: Simulation, registry: Registry) -> Target:
    follow_recipe(simulation, "test")
    return Target(registry({"require_attestation": True}), None, None, "apply")


@pytest.fixture
def trust(simulation: Simulation) -> Trust:
    addresses = (
        simulation.imis("test").base_url,
        simulation.cloud_sso("test").base_url,
        simulation.directory("test").base_url,
    )
    hosts = tuple(urlsplit(each).netloc for each in addresses)
    return Trust(simulation.ca_file, hosts, headless=True)


def attested(target: Target) -> Any:
    return begin(target, "test")["attestation"]


@pytest.mark.browser
@pytest.mark.parametrize("person", PEOPLE[::2], ids=lambda each: each.directory)
def test_a_sign_in_is_watched_and_put_on_record(
    simulation: Simulation, target: Target, trust: Trust, person: Person
) -> None:
    """contract 1.2: client and redirect of iMIS's own request, not of the directory's."""
    now = begin(target, "test")
    assert (now["mode"], now["required"], now["attestation"]) == ("test_mode", True, None)
    member = Member(simulation, person)
    seen, signed_in = watched(now, member, trust, SECONDS)
    imis = simulation.imis("test").record
    assert seen == Watched(
        imis["ProviderClientId"], imis["RedirectLoginUri"], came_back=True, status=200
    )
    assert signed_in
    found = finish(target, now, (seen, signed_in))
    assert found == attested(target)
    assert (found["outcome"], found["digest"]) == ("signed-in", now["digest"])
    assert sorted(found) == ["at", "client_id", "digest", "outcome", "redirect_url", "who"]
    assert found["who"].startswith("cli.")
    assert person.email not in str(found)


@pytest.mark.browser
def test_it_lets_the_mode_be_raised(simulation: Simulation, target: Target, trust: Trust) -> None:
    """contract 1.2: `require_attestation`; and for exactly these settings."""
    up = ("mode", "test", "enabled", "-c", str(target.config))
    refused = command(*up)
    assert "sign-in.attested" in refused.err
    now = begin(target, "test")
    finish(target, now, watched(now, Member(simulation), trust, SECONDS))
    simulation.imis("test").change(RequirePublicUsers=True)
    assert "sign-in.attested" in command(*up).err
    simulation.imis("test").change(RequirePublicUsers=False)
    assert command(*up).code == 0
    assert simulation.imis("test").record["Mode"] == 2


@pytest.mark.browser
def test_a_sign_in_that_imis_refuses_is_on_record_as_failed(
    simulation: Simulation, target: Target, trust: Trust
) -> None:
    """It needs no word of the person: the way back ends at an error of iMIS."""
    simulation.imis("test").change(ClientSecret="another")
    now, member = begin(target, "test"), Member(simulation)
    seen, signed_in = watched(now, member, trust, SECONDS)
    assert (seen.came_back, seen.failed, signed_in, member.asked) == (True, True, False, False)
    assert finish(target, now, (seen, signed_in))["outcome"] == "not-signed-in"
    assert attested(target)["outcome"] == "not-signed-in"


@pytest.mark.browser
def test_a_person_may_say_no(simulation: Simulation, target: Target, trust: Trust) -> None:
    now = begin(target, "test")
    found = finish(target, now, watched(now, Doubter(simulation), trust, SECONDS))
    assert found["outcome"] == "not-signed-in"


@pytest.mark.browser
def test_a_sign_in_that_is_given_up_says_nothing(
    simulation: Simulation, target: Target, trust: Trust
) -> None:
    now = begin(target, "test")
    with pytest.raises(Failure, match="did not come back to iMIS"):
        watched(now, Leaver(simulation), trust, SECONDS)
    assert attested(target) is None


@pytest.mark.browser
def test_where_imis_asks_no_provider_nothing_is_attested(
    simulation: Simulation, target: Target, trust: Trust
) -> None:
    class Waits(Member):
        async def sign_in(self, page: Page) -> None:
            await page.get_by_label("E-mail").wait_for()

    now = begin(target, "test")
    with pytest.raises(Failure, match="did not send the browser to a provider"):
        watched(now, Waits(simulation), trust, seconds=1.0)


@pytest.mark.browser
def test_a_host_that_is_not_trusted_is_not_visited(simulation: Simulation, target: Target) -> None:
    """contract C45: certificate errors are never passed over."""
    now = begin(target, "test")
    with pytest.raises(Failure, match="certificate"):
        watched(now, Member(simulation), Trust(headless=True), SECONDS)


def test_nobody_signs_in_while_the_mode_is_disabled(
    simulation: Simulation, registry: Registry
) -> None:
    follow_recipe(simulation, "test", mode="Disabled")
    ended = command("attest-sign-in", "test", "-c", str(registry()))
    ended.failed("test is in mode disabled: raise it to test_mode first, then sign in")


@pytest.mark.browser
def test_without_a_screen_it_says_what_is_missing(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person has to see the window."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    ended = command("attest-sign-in", "test", "-c", str(target.config))
    assert ended.code == 1
    assert "Chromium" in ended.err
