"""A page that asks in a dialog of its own whether to save (product facts 4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.browser import saving
from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.form import write_form
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.structure import compare
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PAGE = PageDescription.model_validate(
    {
        "open": [["Page"]],
        "fields": {"text": {"label": "Text", "kind": "text"}},
        "save": {"button": "Save", "agree": ["Yes", "OK"]},
    }
)
ASKING = """<form method="post" action="/saved"><label>Text <input name="t" value="old"></label>
<button type="button" onclick="{opens}">Save</button></form>{dialog}"""
SENDS = "document.forms[0].submit()"
DIALOG = """<dialog id="ask"><p>Sure?</p><button onclick="ask.close()">No</button>
<button onclick="ask.close();{does}">{text}</button></dialog>"""
OPENS = "ask.showModal()"


async def write(session: BrowserSession, site: Any, html: str) -> list[str]:
    """Write, and give what was posted."""
    site.pages |= {"/page": html, "/saved": "303 /page"}

    async def work(tab: Tab) -> None:
        await tab.load(f"{site.origin}/page")
        survey = await tab.look()
        view = View(survey, compare(PAGE.fields, survey))
        await write_form(tab, PAGE, view, {"text": "new"}, {"text": "old"})

    await session.run(work, 10)
    return [body for method, _, body in site.received if method == "POST"]


@pytest.mark.parametrize(
    "dialog",
    [
        DIALOG.format(does=SENDS, text="Yes"),
        DIALOG.format(does=SENDS, text="ok"),
        DIALOG.format(does=SENDS, text="Yes")
        .replace("<dialog", '<div hidden role="dialog"')
        .replace("</dialog>", "</div>"),
    ],
)
async def test_the_question_of_the_save_is_agreed_to(
    browser_session: BrowserSession, browser_site: Any, dialog: str
) -> None:
    opens = OPENS if "<dialog" in dialog else "ask.hidden=false"
    dialog = dialog.replace("ask.close()", "ask.hidden=true") if "<div" in dialog else dialog
    assert await write(
        browser_session, browser_site, ASKING.format(opens=opens, dialog=dialog)
    ) == ["t=new"]


TWICE = DIALOG.format(does="second.showModal()", text="Yes") + DIALOG.replace(
    'id="ask"', 'id="second"'
).replace("ask.close()", "second.close()").format(does=SENDS, text="Yes")


@pytest.mark.parametrize(
    ("opens", "dialog"),
    [
        (OPENS, DIALOG.format(does=SENDS, text="Overwrite everything")),
        # A button of that name outside of any dialog is none that agrees.
        ("yes.hidden=false", f'<button id="yes" hidden onclick="{SENDS}">Yes</button>'),
        # One question is agreed to, and no second one.
        (OPENS, TWICE),
        # One that was open before is not the question of this save.
        ("", DIALOG.replace("<dialog", "<dialog open").format(does=SENDS, text="Yes")),
    ],
    ids=["another-button", "no-dialog", "second-question", "open-before"],
)
async def test_no_other_question_is_agreed_to(
    browser_session: BrowserSession,
    browser_site: Any,
    monkeypatch: pytest.MonkeyPatch,
    opens: str,
    dialog: str,
) -> None:
    monkeypatch.setattr(saving, "_SEND_SECONDS", 0.3)
    with pytest.raises(WriteUncertain) as caught:
        await write(browser_session, browser_site, ASKING.format(opens=opens, dialog=dialog))
    assert caught.value.cause.slug == "upstream-page-changed"
    said = "sends nothing" if opens.startswith("yes") else "asks a question that is not described"
    assert said in caught.value.cause.detail
    assert all(method == "GET" for method, _, _ in browser_site.received)
