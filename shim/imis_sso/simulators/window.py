"""A person who signs in in a window, by what the pages say, as `visitor` does without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imis_sso.simulators.directory.flavours import ALL

if TYPE_CHECKING:
    from playwright.async_api import Page

    from imis_sso.simulators.people import Person


async def sign_in_window(page: Page, person: Person, password: str) -> None:
    """Begin on iMIS's sign-in page, and log in at the person's directory.

    Raises playwright's TimeoutError where a page does not show what a person looks for.
    """
    await page.get_by_label("E-mail").fill(person.email)
    await page.get_by_role("button", name="Continue with Cloud SSO").click()
    await page.get_by_label("Directory").select_option(label=ALL[person.directory].title)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
