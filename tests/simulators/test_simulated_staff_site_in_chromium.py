"""The Staff site in a real browser: what its scripts do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from imis_sso.simulators import ImisModel
from imis_sso.simulators.imis.staff_form import MASK

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

SAVED = "Your changes have been saved."


@dataclass
class Desk:
    """A member of staff at the Staff site, who goes by what can be read there."""

    page: Page
    model: ImisModel

    async def sign_in(self) -> None:
        await self.page.goto(f"{self.model.base_url}/Staff")
        await self.field("User name").fill(self.model.username)
        await self.field("Password").fill(self.model.password)
        await self.press("Sign in")

    async def press(self, name: str) -> None:
        button = self.page.get_by_role("button", name=name, exact=True)
        await button.or_(self.page.get_by_role("link", name=name, exact=True)).click()

    async def open(self) -> None:
        await self.sign_in()
        for step in ("Settings", "Contacts", "OpenID Connect"):
            await self.press(step)
        await expect(self.field("Name")).to_be_visible()

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)


@pytest.fixture
async def desk(browser: Browser, imis: ImisModel) -> AsyncIterator[Desk]:
    """A page of a browser without any cookies, not signed in yet."""
    context = await browser.new_context()
    context.set_default_timeout(10_000)
    yield Desk(await context.new_page(), imis)
    await context.close()


@pytest.mark.parametrize(
    "variant",
    [
        {"staff_navigation": "pages", "staff_markup": "label_for", "staff_save": "postback"},
        {"staff_navigation": "menu", "staff_markup": "labelledby", "staff_save": "partial"},
        {"staff_markup": "label_for", "staff_save_button": "link", "staff_confirm": True},
        {"staff_render": "script", "staff_confirm": True, "staff_question": "page"},
        {"staff_render": "single_page", "staff_navigation": "menu", "staff_save": "partial"},
    ],
)
async def test_settings_are_reached_filled_in_and_saved_by_their_labels(
    desk: Desk, variant: dict[str, object]
) -> None:
    desk.model.change_variant(variant)
    desk.page.on("dialog", lambda dialog: dialog.accept())
    await desk.open()
    await expect(desk.field("Client Secret")).to_have_value(MASK)
    await desk.field("OIDC authentication").select_option("Test mode")
    await desk.field("Set login hint").check()
    await desk.field("Email body").fill("one\ntwo")
    await desk.press("Save")
    if "staff_question" in variant:
        await desk.press("Yes")
    await expect(desk.page.get_by_role("status")).to_have_text(SAVED)
    record = desk.model.record
    assert (record["Mode"], record["SetLoginHint"]) == (1, True)
    # A form sends CRLF; a script sends what it finds.
    is_part = variant.get("staff_save") == "partial"
    assert desk.model.email_body == ("one\ntwo" if is_part else "one\r\ntwo")


@pytest.mark.parametrize(
    ("kind", "render"), [("script", "server"), ("postback", "server"), ("postback", "single_page")]
)
async def test_the_tenant_is_entra_ids_alone(desk: Desk, kind: str, render: str) -> None:
    variant = {"staff_type": kind, "staff_type_hides": "addresses", "staff_render": render}
    desk.model.change_variant(variant)
    await desk.open()
    await expect(desk.field("Directory tenant")).to_be_hidden()
    await desk.field("Client Secret").fill("typed")
    await desk.field("Type").select_option("Entra ID")
    await expect(desk.field("Directory tenant")).to_be_visible()
    await expect(desk.field("Authority URL")).to_be_hidden()
    left = "typed" if kind == "script" else MASK
    await expect(desk.field("Client Secret")).to_have_value(left)
    assert desk.model.counters.stored == desk.model.counters.writes == 0


async def test_a_declined_question_saves_nothing(desk: Desk) -> None:
    desk.model.change_variant({"staff_confirm": True})
    desk.page.on("dialog", lambda dialog: dialog.dismiss())
    await desk.open()
    await desk.press("Save")
    assert desk.model.counters.writes == 0


async def test_a_button_shows_the_secret_and_hides_it_again(desk: Desk) -> None:
    desk.model.change_variant({"staff_secret": "reveal"})
    await desk.open()
    box = desk.field("Client Secret")
    await desk.press("Show")
    await expect(box).to_have_value(desk.model.record["ClientSecret"])
    await desk.press("Hide")
    await expect(box).to_have_value(MASK)
    await expect(box).to_have_attribute("type", "password")
