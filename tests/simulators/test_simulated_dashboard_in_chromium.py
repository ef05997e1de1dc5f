"""The dashboard in a real browser, in every variant of its markup, rendering and saving."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Dialog, Locator, Page, expect
from playwright.async_api import Error as BrowserError

from imis_sso.simulators import CloudSsoModel, Fault, Simulation

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

LABELS = ("Client ID", "Client Secret", "Discovery (Well-Known) URL", "Issuer", "Redirect URL")
REDIRECT = "https://members.example.org/"


@dataclass
class Dashboard:
    """A person at the dashboard, who goes by what can be read there."""

    page: Page
    model: CloudSsoModel

    async def log_in(self, button: str = "Log In", **changes: str) -> None:
        values = {
            "User Name": self.model.username,
            "Password": self.model.password,
            "Cloud ID": self.model.cloud_id,
        }
        for label, value in (values | changes).items():
            await self.page.get_by_label(label, exact=True).fill(value)
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def open_settings(self) -> None:
        await self.page.goto(f"{self.model.base_url}/directories/imis")
        await self.log_in()
        await expect(self.field("Redirect URL")).to_be_visible()

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    async def save(self, value: str) -> None:
        await self.field("Redirect URL").fill(value)
        await self.page.get_by_role("button", name="Save Settings", exact=True).click()


@pytest.fixture
async def dashboard(browser: Browser, cloud_sso: CloudSsoModel) -> AsyncIterator[Dashboard]:
    """A page of a browser without any cookies, not signed in yet."""
    context = await browser.new_context()
    context.set_default_timeout(10_000)
    yield Dashboard(await context.new_page(), cloud_sso)
    await context.close()


async def test_a_server_whose_key_is_not_pinned_is_not_trusted(
    dashboard: Dashboard, running: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Simulation(tmp_path_factory.mktemp("other"), names=("other",)) as other:
        with pytest.raises(BrowserError, match="ERR_CERT_AUTHORITY_INVALID"):
            await dashboard.page.goto(other.environments["other"].cloud_sso_url)
        assert other.cloud_sso("other").counters.requests == 0


@pytest.mark.parametrize(
    ("navigation", "steps"),
    [
        ("external_directories", ["External Directories", "iMIS SSO Settings"]),
        ("cloud_sso", ["Cloud SSO", "Settings"]),
    ],
)
async def test_settings_are_reached_by_visible_labels(
    dashboard: Dashboard, navigation: str, steps: list[str]
) -> None:
    dashboard.model.change_variant({"cloud_sso_navigation": navigation})
    await dashboard.page.goto(dashboard.model.base_url)
    await dashboard.log_in()
    for step in steps:
        link = dashboard.page.get_by_role("link", name=step, exact=True)
        await link.or_(dashboard.page.get_by_role("button", name=step, exact=True)).click()
    await expect(dashboard.page.get_by_role("heading", name="iMIS SSO Settings")).to_be_visible()
    await expect(dashboard.field("Redirect URL")).to_be_editable()


async def test_wrong_password_shows_the_error_and_the_form_again(dashboard: Dashboard) -> None:
    dashboard.model.variant.cloud_sso_login_button = "Sign In"
    await dashboard.page.goto(dashboard.model.base_url)
    await dashboard.log_in("Sign In", Password="wrong")
    await expect(dashboard.page.get_by_role("alert")).to_contain_text("is incorrect")
    await dashboard.log_in("Sign In")
    await expect(dashboard.page.get_by_role("heading", name="Overview")).to_be_visible()


@pytest.mark.parametrize("markup", ["label_for", "wrapped", "aria_label"])
@pytest.mark.parametrize("render", ["server", "script"])
async def test_fields_are_found_by_their_labels(
    dashboard: Dashboard, markup: str, render: str
) -> None:
    model = dashboard.model
    model.change_variant({"cloud_sso_markup": markup, "cloud_sso_render": render})
    model.patch({"redirect_url": REDIRECT})
    await dashboard.open_settings()
    values = [await dashboard.field(label).input_value() for label in LABELS]
    assert values == [
        model.client_id,
        model.client_secret,
        model.discovery_url,
        model.issuer,
        REDIRECT,
    ]
    editable = [label for label in LABELS if await dashboard.field(label).is_editable()]
    assert editable == ["Redirect URL"]


@pytest.mark.parametrize("markup", ["label_for", "aria_label"])
async def test_shown_values_may_be_plain_text(dashboard: Dashboard, markup: str) -> None:
    dashboard.model.change_variant({"cloud_sso_markup": markup, "cloud_sso_shown": "output"})
    await dashboard.open_settings()
    await expect(dashboard.field("Client ID")).to_have_text(dashboard.model.client_id)


async def test_script_puts_the_fields_in_after_a_while(dashboard: Dashboard) -> None:
    dashboard.model.change_variant({"cloud_sso_render": "script", "cloud_sso_render_delay": 0.5})
    await dashboard.page.goto(f"{dashboard.model.base_url}/directories/imis")
    await dashboard.log_in()
    await expect(dashboard.page.get_by_text("Loading")).to_be_visible()
    assert await dashboard.field("Redirect URL").count() == 0
    await expect(dashboard.field("Redirect URL")).to_be_visible()


@pytest.mark.parametrize("shown", ["input", "output"])
async def test_secret_behind_a_button_is_shown_and_hidden(dashboard: Dashboard, shown: str) -> None:
    dashboard.model.change_variant({"cloud_sso_secret": "reveal", "cloud_sso_shown": shown})
    await dashboard.open_settings()
    secret, page = dashboard.field("Client Secret"), dashboard.page
    expected = expect(secret).to_have_value if shown == "input" else expect(secret).to_have_text
    await expected("\u2022" * 12)
    await page.get_by_role("button", name="Show", exact=True).click()
    await expected(dashboard.model.client_secret)
    await page.get_by_role("button", name="Hide", exact=True).click()
    await expected("\u2022" * 12)


async def test_secret_behind_a_copy_control_is_never_visible(dashboard: Dashboard) -> None:
    dashboard.model.variant.cloud_sso_secret = "copy"
    await dashboard.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await dashboard.open_settings()
    await dashboard.page.get_by_role("button", name="Copy", exact=True).click()
    await dashboard.page.wait_for_function("navigator.clipboard.readText().then(Boolean)")
    copied = await dashboard.page.evaluate("navigator.clipboard.readText()")
    assert copied == dashboard.model.client_secret
    await expect(dashboard.field("Client Secret")).to_have_value("\u2022" * 12)


async def test_secret_may_be_absent(dashboard: Dashboard) -> None:
    dashboard.model.variant.cloud_sso_secret = "absent"
    await dashboard.open_settings()
    counts = [await dashboard.field(label).count() for label in LABELS]
    assert counts == [1, 0, 1, 1, 1]


@pytest.mark.parametrize("render", ["server", "script"])
async def test_save_ends_in_a_toast(dashboard: Dashboard, render: str) -> None:
    dashboard.model.change_variant({"cloud_sso_render": render, "cloud_sso_save_delay": 0.2})
    await dashboard.open_settings()
    await dashboard.save(REDIRECT)
    await expect(dashboard.page.get_by_role("status")).to_have_text("Settings saved.")
    assert dashboard.model.redirect_url == REDIRECT
    assert dashboard.model.counters.writes == 1


@pytest.mark.parametrize("render", ["server", "script"])
async def test_refused_save_ends_in_an_error(dashboard: Dashboard, render: str) -> None:
    dashboard.model.change_variant({"cloud_sso_render": render})
    await dashboard.open_settings()
    await dashboard.save("http://members.example.org/")
    await expect(dashboard.page.get_by_role("alert")).to_contain_text("must begin with https://")
    assert dashboard.model.redirect_url == ""


@pytest.mark.parametrize("render", ["server", "script"])
@pytest.mark.parametrize("is_accepted", [True, False])
async def test_save_may_ask_for_confirmation(
    dashboard: Dashboard, render: str, is_accepted: bool
) -> None:
    dashboard.model.change_variant({"cloud_sso_render": render, "cloud_sso_confirm": True})
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if is_accepted else dialog.dismiss())

    await dashboard.open_settings()
    dashboard.page.on("dialog", answer)
    await dashboard.save(REDIRECT)
    if is_accepted:
        await expect(dashboard.page.get_by_role("status")).to_be_visible()
    assert asked == ["Save these settings?"]
    assert dashboard.model.redirect_url == (REDIRECT if is_accepted else "")


async def test_session_that_ends_mid_save_leads_to_the_log_in_page(dashboard: Dashboard) -> None:
    dashboard.model.variant.cloud_sso_render = "script"
    await dashboard.open_settings()
    dashboard.model.faults.add(Fault("expire_session", {"method": "POST"}))
    await dashboard.save(REDIRECT)
    await expect(dashboard.field("Cloud ID")).to_be_visible()
    assert dashboard.model.redirect_url == ""


CHANGES = [
    ({}, {"Redirect URL": 0, "Redirect URL (new)": 1}),
    ({"change": "renamed", "to": "Return URL"}, {"Redirect URL": 0, "Return URL": 1}),
    ({"change": "renamed", "label": "Issuer"}, {"Issuer": 0, "Redirect URL": 1}),
    ({"change": "missing", "label": "Client ID"}, {"Client ID": 0, "Issuer": 1}),
    ({"change": "doubled"}, {"Redirect URL": 2}),
    ({"change": "doubled", "label": "Issuer"}, {"Issuer": 2, "Redirect URL": 1}),
]


@pytest.mark.parametrize(("params", "counts"), CHANGES)
async def test_page_may_change(
    dashboard: Dashboard, params: dict[str, str], counts: dict[str, int]
) -> None:
    await dashboard.open_settings()
    dashboard.model.faults.add(Fault("changed_page", params=params))
    await dashboard.page.reload()
    await expect(dashboard.page.get_by_role("button", name="Save Settings")).to_be_visible()
    assert {label: await dashboard.field(label).count() for label in counts} == counts


@pytest.mark.parametrize(("label", "element"), [("Redirect URL", "SELECT"), ("Issuer", "INPUT")])
async def test_field_may_be_of_another_kind(dashboard: Dashboard, label: str, element: str) -> None:
    await dashboard.open_settings()
    params = {"change": "retyped", "label": label}
    dashboard.model.faults.add(Fault("changed_page", params=params))
    await dashboard.page.reload()
    field = dashboard.field(label)
    assert await field.evaluate("element => element.tagName") == element
    assert await field.is_editable()


async def test_save_button_may_be_renamed(dashboard: Dashboard) -> None:
    await dashboard.open_settings()
    params = {"label": "Save Settings", "to": "Apply"}
    dashboard.model.faults.add(Fault("changed_page", params=params))
    await dashboard.page.reload()
    await expect(dashboard.page.get_by_role("button", name="Apply", exact=True)).to_be_visible()
    assert await dashboard.page.get_by_role("button", name="Save Settings").count() == 0


async def test_two_environments_stay_signed_in_side_by_side(
    dashboard: Dashboard, simulation: Simulation
) -> None:
    await dashboard.open_settings()
    prod = Dashboard(await dashboard.page.context.new_page(), simulation.cloud_sso("prod"))
    await prod.open_settings()
    await dashboard.page.reload()
    await expect(dashboard.field("Client ID")).to_have_value(dashboard.model.client_id)
    await expect(prod.field("Client ID")).to_have_value(prod.model.client_id)


async def test_directories_of_a_single_page_need_no_other_document(dashboard: Dashboard) -> None:
    dashboard.model.change_variant(
        {
            "cloud_sso_render": "single_page",
            "cloud_sso_question": "page",
            "cloud_sso_confirm": True,
            "cloud_sso_directory_secret": "reveal",
        }
    )
    page, model = dashboard.page, dashboard.model
    documents: list[bool] = []
    await page.goto(model.base_url)
    await dashboard.log_in()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.on("request", lambda each: documents.append(each.is_navigation_request()))
    await page.get_by_role("link", name="External Directories", exact=True).click()
    await page.get_by_role("link", name="Manage Directories", exact=True).click()
    await page.get_by_role("link", name="Add Directory", exact=True).click()
    for label in ("Name", "Authorization URL", "Token URL", "Issuer", "Client ID", "Client Secret"):
        await dashboard.field(label).fill(f"our {label}")
    dialog = page.get_by_role("dialog")
    for answer in ("Cancel", "Yes"):
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_contain_text("Save this directory?")
        assert len(model.directories) == 3
        await dialog.get_by_role("button", name=answer, exact=True).click()
    await expect(page.get_by_role("status")).to_have_text("Directory saved.")
    await expect(dashboard.field("Client Secret")).to_have_value("\u2022" * 12)
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(dashboard.field("Client Secret")).to_have_value("our Client Secret")
    await page.get_by_role("link", name="External Directories", exact=True).click()
    await page.get_by_role("link", name="Manage Directories", exact=True).click()
    row = page.get_by_role("row", name="our Name")
    for answer in ("Cancel", "Delete"):
        await row.get_by_role("button", name="Delete", exact=True).click()
        await expect(dialog).to_contain_text("Delete this directory?")
        assert len(model.directories) == 4
        await dialog.get_by_role("button", name=answer, exact=True).click()
    await expect(page.get_by_role("status")).to_have_text("Directory deleted.")
    await expect(row).to_have_count(0)
    assert (len(model.directories), any(documents)) == (3, False)


@pytest.mark.parametrize("render", ["script", "single_page"])
async def test_a_directory_that_is_not_there_is_said_so(dashboard: Dashboard, render: str) -> None:
    dashboard.model.change_variant({"cloud_sso_render": render})
    await dashboard.page.goto(f"{dashboard.model.base_url}/directories/manage/99")
    await dashboard.log_in()
    await expect(dashboard.page.get_by_role("alert")).to_have_text("There is no such directory.")
