"""Every field of every dashboard page, changed in every way, in every markup: nothing is written.

The simulator's pages are put one after the other into one document of a real browser, which takes a
hundredth of the time that loading them takes. The Staff site's pages have a file of their own.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.form import read_form, write_form
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.structure import compare
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View
from imis_sso.connectors.cloud_sso_dashboard.connector import DIRECTORY, SETTINGS, page_files
from imis_sso.domain.problems import UpstreamPageChanged
from imis_sso.domain.secret import Secret
from imis_sso.simulators import Fault, Variant
from imis_sso.simulators.cloud_sso import directory_pages, faults, pages
from imis_sso.simulators.cloud_sso.directories import CLAIMS, Directory
from imis_sso.simulators.cloud_sso.pages import Row

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

MARKUPS = ("label_for", "wrapped", "aria_label", "aria_labelledby", "table")
CHANGES = ("renamed", "missing", "doubled", "retyped")
WRITE = "document.open(); document.write(html); document.close();"
RECORD = Directory(
    number=7,
    name='A "<directory>"',
    discovery_domain="https://login.example.org",
    authorization_url="https://login.example.org/authorize",
    token_url="https://login.example.org/token",
    userinfo_url="https://login.example.org/userinfo",
    issuer="https://login.example.org/",
    client_id="client",
    client_secret="of-a-directory",
    claims={each: f"claim-{each}" for each in CLAIMS},
)


def model_of(markup: str) -> Any:
    """What of a simulated Cloud SSO its pages need."""
    return SimpleNamespace(
        variant=Variant(cloud_sso_markup=markup),  # type: ignore[arg-type]
        client_id="client of iMIS",
        client_secret="of-imis",
        discovery_url="https://sso.example.org/.well-known/openid-configuration",
        issuer="https://sso.example.org",
        return_url="https://sso.example.org/return",
    )


def settings_page(model: Any, fault: Fault | None) -> str:
    rows = pages.settings_rows(model, "https://old.example.org/")
    return rendered(model, "settings.html", rows, fault, save="Save Settings", reveal_action="/r")


def directory_page(model: Any, fault: Fault | None) -> str:
    desk = directory_pages._Desk(model, None)  # type: ignore[arg-type]
    more = {"save": "Save", "discover_path": "/d", "reveal_action": "/r", "test_path": ""}
    return rendered(model, "directory.html", desk._rows(RECORD), fault, **more)


def rendered(model: Any, template: str, rows: list[Row], fault: Fault | None, **more: str) -> str:
    spoilt = rows if fault is None else faults.spoil_rows(rows, fault)
    more |= {"title": "x", "action": "/saved", "anti_forgery": "t", "notice": "", "error": ""}
    return bytes(pages.console_page(model, template, rows=spoilt, **more).body).decode()


PAGES = {SETTINGS: settings_page, DIRECTORY: directory_page}


async def shown(tab: Tab, page: PageDescription, html: str) -> View:
    await tab._page.evaluate(f"(html) => {{ {WRITE} }}", html)
    survey = await tab.look()
    return View(survey, compare(page.fields, survey))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("markup", MARKUPS)
async def test_no_write_touches_a_field_that_changed(
    browser_session: BrowserSession, browser_site: Any, markup: str, name: str
) -> None:
    """Product facts 4.5: `upstream-page-changed`, and no request is sent."""
    page, model, browser_site.pages["/page"] = (
        page_files().page(name),
        model_of(markup),
        "<p>blank</p>",
    )

    async def work(tab: Tab) -> None:
        await tab.load(f"{browser_site.origin}/page")
        browser_site.received.clear()  # a page that this browser showed before may ask late
        usual = await shown(tab, page, PAGES[name](model, None))
        read = await read_form(tab, page, usual)
        assert not usual.comparison.faults
        writable = [each for each, field in page.fields.items() if field.writable]
        assert writable
        for field in writable:
            secret = {field: Secret("new")} if page.fields[field].secret else {}
            value = not read.values[field] if page.fields[field].kind == "checkbox" else "new"
            change = {} if secret else {field: value}
            for kind in CHANGES:
                label = page.fields[field].label
                fault = Fault("changed_page", params={"change": kind, "label": label})
                view = await shown(tab, page, PAGES[name](model, fault))
                with pytest.raises(UpstreamPageChanged, match=f'"{label}" is'):
                    await write_form(tab, page, view, change, read.values, secrets=secret)

    await browser_session.run(work, 60)
    assert not browser_site.received


@pytest.mark.parametrize("markup", MARKUPS)
async def test_every_markup_of_a_directory_is_read(
    browser_session: BrowserSession, browser_site: Any, markup: str
) -> None:
    """Contract C10: verbatim, the secret too, where the page shows it."""
    page, browser_site.pages["/page"] = page_files().page(DIRECTORY), "<p>blank</p>"

    async def work(tab: Tab) -> None:
        await tab.load(f"{browser_site.origin}/page")
        view = await shown(tab, page, directory_page(model_of(markup), None))
        found = await read_form(tab, page, view)
        claims = {f"claims.{each}": value for each, value in RECORD.claims.items()}
        for field, value in found.values.items():
            expected = "https://sso.example.org/return" if field == "return_url" else None
            if expected is None:
                expected = claims.get(field, getattr(RECORD, field, None))
            assert value == expected, field
        assert found.values.keys() == page.fields.keys() - {"client_secret"}
        assert found.secrets["client_secret"] == Secret(RECORD.client_secret)

    await browser_session.run(work, 30)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("markup", MARKUPS)
async def test_every_field_is_written_in_every_markup(
    browser_session: BrowserSession, browser_site: Any, markup: str, name: str
) -> None:
    """All fields at once, into those that were meant."""
    page = page_files().page(name)
    browser_site.pages |= {"/page": PAGES[name](model_of(markup), None), "/saved": "303 /page"}
    fields = [each for each, field in page.fields.items() if field.writable]
    texts = {each: f"new <{each}>" for each in fields if page.fields[each].kind == "text"}

    async def work(tab: Tab) -> dict[str, str]:
        await tab.load(f"{browser_site.origin}/page")
        survey = await tab.look()
        view = View(survey, compare(page.fields, survey))
        base = (await read_form(tab, page, view)).values
        boxes = {each: not base[each] for each in fields if each not in texts}
        secrets = {each: Secret(texts[each]) for each in texts if page.fields[each].secret}
        change = {**boxes, **{each: texts[each] for each in texts if each not in secrets}}
        await write_form(tab, page, view, change, base, secrets=secrets)
        return {each: "on" for each, value in boxes.items() if value}

    ticked = await browser_session.run(work, 30)
    (body,) = [body for method, _, body in browser_site.received if method == "POST"]
    names = {"redirect_url": pages.INPUT_NAME}
    names |= {each: each.replace("claims.", "claim_") for each in fields if each not in names}
    wanted = {names[each]: text for each, text in (texts | ticked).items()}
    sent = {key: value for key, (value,) in parse_qs(body).items()}
    assert {key: value for key, value in sent.items() if key != pages.TOKEN_NAME} == wanted
