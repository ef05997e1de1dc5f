"""A sign-in in a real browser: e-mail, redirect, directory log-in, back in iMIS."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from imis_sso.simulators import Simulation, follow_recipe
from imis_sso.simulators.directory.flavours import ALL
from imis_sso.simulators.people import FLAVOURS, Person, somebody

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def sign_in(page: Page, simulation: Simulation, person: Person) -> None:
    """Do what a person does, by what can be read on the pages."""
    await page.goto(f"{simulation.imis('test').base_url}/sign-in")
    await page.get_by_label("E-mail").fill(person.email)
    await page.get_by_role("button", name="Continue with Cloud SSO").click()
    await expect(page.get_by_label("E-mail")).to_have_value(person.email)
    await page.get_by_label("Directory").select_option(label=ALL[person.directory].title)
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_label("User name")).to_have_value(person.email)
    await page.get_by_label("Password").fill(simulation.directory("test").password)
    await page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("staff", [True, False])
async def test_a_person_signs_in_and_staff_is_recognised(
    browser: Browser, simulation: Simulation, flavour: str, *, staff: bool
) -> None:
    """product facts 2: the claim `staff` = `1`."""
    follow_recipe(simulation, "test")
    person = somebody(flavour, staff=staff)
    context = await browser.new_context()
    context.set_default_timeout(20_000)
    page = await context.new_page()
    await sign_in(page, simulation, person)
    greeting = f"Signed in as {person.name}, {'staff' if staff else 'public'}."
    await expect(page.get_by_role("status")).to_have_text(greeting, timeout=20_000)
    assert page.url == simulation.imis("test").record["RedirectLoginUri"]
    await context.close()


async def test_a_missing_slash_ends_at_a_page_that_says_so(
    browser: Browser, simulation: Simulation
) -> None:
    follow_recipe(simulation, "test")
    imis = simulation.imis("test")
    imis.change(RedirectLoginUri=imis.base_url)
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{imis.base_url}/sign-in")
    await page.get_by_label("E-mail").fill("ada@example.org")
    await page.get_by_role("button", name="Continue with Cloud SSO").click()
    await expect(page.get_by_role("alert")).to_contain_text("not registered", timeout=20_000)
    assert page.url.startswith(simulation.cloud_sso("test").base_url)
    await context.close()
