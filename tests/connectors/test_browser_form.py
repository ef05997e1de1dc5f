"""Fields by visible label, in every kind and markup; filling and saving (architecture 4)."""

from __future__ import annotations

from typing import Any

import pytest

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.browser import saving
from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.form import PageValues, read_form, write_form
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.structure import compare
from imis_sso.connectors.browser.survey import Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View
from imis_sso.domain.problems import (
    Problem,
    UpstreamChanged,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamRefused,
)
from imis_sso.domain.secret import Secret, Unreadable

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

FORM = """<main><h1>Page</h1><form method="post" action="/saved">{}
<button>Save</button></form></main>"""


def page(fields: dict[str, Any], **save: Any) -> PageDescription:
    return PageDescription.model_validate(
        {"open": [["Page"]], "fields": fields, "save": {"button": "Save", **save}}
    )


async def shown(tab: Tab, origin: str, described: PageDescription) -> View:
    await tab.load(f"{origin}/page")
    survey = await tab.settle(lambda each: not compare(described.fields, each).faults)
    return View(survey, compare(described.fields, survey))


async def looked_at(session: BrowserSession, site: Any, html: str) -> Survey:
    site.pages["/page"] = html

    async def work(tab: Tab) -> Survey:
        await tab.load(f"{site.origin}/page")
        return await tab.look()

    return await session.run(work, 10)


async def read(session: BrowserSession, site: Any, described: PageDescription) -> PageValues:
    async def work(tab: Tab) -> PageValues:
        return await read_form(tab, described, await shown(tab, site.origin, described))

    return await session.run(work, 10)


async def write(
    session: BrowserSession,
    site: Any,
    described: PageDescription,
    change: dict[str, str | bool],
    base: dict[str, str | bool],
) -> None:
    async def work(tab: Tab) -> None:
        view = await shown(tab, site.origin, described)
        await write_form(tab, described, view, change, base)

    await session.run(work, 10)


@pytest.mark.parametrize(
    "markup",
    [
        '<label for="q7">Client ID</label><input id="q7" value="v 1">',
        '<label>Client ID <input value="v 1"></label>',
        '<label>Client ID: <span>*</span><input value="v 1"></label>',
        '<input aria-label="client id" value="v 1">',
        '<b id="h">Client ID</b><input aria-labelledby="h" value="v 1">',
        "<label>Client ID <output>v 1</output></label>",
        '<dl><dt>Client ID</dt><dd>v 1 <button type="button">Copy</button></dd></dl>',
        "<dl><dt>CLIENT ID:</dt><dd> v 1\n</dd></dl>",
        '<dl><dt>Client ID</dt><dd><input readonly value="v 1"></dd></dl>',
        "<table><tr><th>Client ID</th><td>v 1</td></tr></table>",
        '<label for="q8">Client ID</label><code id="q8">v 1</code>',
        '<span aria-label="Client ID">v 1</span>',
        "<label>Client ID <textarea>v 1</textarea></label>",
    ],
)
async def test_a_shown_value_is_found_by_its_label_in_any_markup(
    browser_session: BrowserSession, browser_site: Any, markup: str
) -> None:
    """Product facts 4.5: only the visible label is known."""
    browser_site.pages["/page"] = FORM.format(markup)
    described = page({"client_id": {"label": "Client ID", "kind": "shown"}})
    assert (await read(browser_session, browser_site, described)).values == {"client_id": "v 1"}


@pytest.mark.parametrize(
    "hidden",
    [
        '<input type="hidden" aria-label="Client ID" value="v">',
        '<label style="display:none">Client ID <input value="v"></label>',
        '<label style="visibility:hidden">Client ID <input value="v"></label>',
        '<label style="opacity:0">Client ID <input value="v"></label>',
        '<div hidden><label>Client ID <input value="v"></label></div>',
        "<template><label>Client ID <input value=v></label></template>",
        '<label for="nothing">Client ID</label>',
        "<p>Client ID: v</p>",
    ],
)
async def test_a_hidden_field_counts_as_absent(
    browser_session: BrowserSession, browser_site: Any, hidden: str
) -> None:
    """Product facts 3.5: what a person cannot see is not there."""
    survey = await looked_at(browser_session, browser_site, FORM.format(hidden))
    assert survey.fields == ()


ALL_KINDS: dict[str, Any] = {
    "text": {"label": "Text", "kind": "text"},
    "body": {"label": "Body", "kind": "textarea"},
    "on": {"label": "On", "kind": "checkbox"},
    "type": {
        "label": "Type",
        "kind": "select",
        "texts": {"okta": "Okta", "entra_id": ["Entra ID", "Microsoft Entra ID"]},
    },
}
ALL_FIELDS = """
<label>Text <input name="t" value="old"></label>
<label>Body <textarea name="b">one\ntwo</textarea></label>
<label>On <input type="checkbox" name="c" value="yes"></label>
<label>Type <select name="s"><option value="0">microsoft entra id</option>
<option value="1" selected>Okta</option></select></label>"""
OLD: dict[str, str | bool] = {"text": "old", "body": "one\ntwo", "on": False, "type": "okta"}


async def test_every_kind_of_field_is_read_and_written(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    browser_site.pages |= {"/page": FORM.format(ALL_FIELDS), "/saved": "303 /page"}
    described = page(ALL_KINDS)
    assert (await read(browser_session, browser_site, described)).values == OLD
    new: dict[str, str | bool] = {"text": "n&=w", "body": "a\nb", "on": True, "type": "entra_id"}
    await write(browser_session, browser_site, described, new, OLD)
    (sent,) = [body for method, _, body in browser_site.received if method == "POST"]
    assert sent == "t=n%26%3Dw&b=a%0D%0Ab&c=yes&s=0"


async def test_an_unknown_option_is_a_changed_page(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    fields = ALL_FIELDS.replace("Okta", "Something new")
    browser_site.pages["/page"] = FORM.format(fields)
    with pytest.raises(UpstreamPageChanged, match='"Type" shows a text'):
        await read(browser_session, browser_site, page(ALL_KINDS))
    browser_site.pages["/page"] = FORM.format(ALL_FIELDS.replace("microsoft entra id", "Azure"))
    with pytest.raises(UpstreamPageChanged, match='"Type" has no option for entra_id'):
        await write(browser_session, browser_site, page(ALL_KINDS), {"type": "entra_id"}, OLD)
    assert all(method == "GET" for method, _, _ in browser_site.received)


SECRET_PAGE = page(
    {"key": {"label": "Key", "kind": "shown", "secret": True, "reveal": ["Show"], "optional": True}}
)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<label>Key <input readonly value="s3cret"></label>', Secret("s3cret")),
        ('<label>Key <input readonly value="••••••"></label>', Unreadable.MASKED),
        ('<label>Key <input type="password" value="not the secret"></label>', Unreadable.MASKED),
        ('<label>Key <input type="password"></label>', Unreadable.ABSENT),
        ('<label>Key <input readonly value=""></label>', Unreadable.ABSENT),
        ("<p>no key</p>", Unreadable.ABSENT),
        (
            (
                '<label>Key <input type="password" value="s3cret" id="k"></label>'
                '<button type="button" onclick="k.type=\'text\'">Show</button>'
            ),
            Secret("s3cret"),
        ),
        (
            (
                '<div><label>Key <output id="k">****</output></label><button type="button" onclick="'
                "k.textContent='Loading';setTimeout(()=>k.textContent='s3cret',5)\">Show Key</button>"
                '</div><div><button type="button">Show</button></div>'
            ),
            Secret("s3cret"),
        ),
        (
            '<label>Key <output>****</output></label><button type="button">Show</button>',
            Unreadable.MASKED,
        ),
        (
            (
                '<label>Key <output>****</output></label><button type="button">Show</button>'
                '<button type="button">Show</button>'
            ),
            Unreadable.MASKED,
        ),
    ],
)
async def test_a_secret_is_what_can_be_read_and_never_its_dots(
    browser_session: BrowserSession, browser_site: Any, markup: str, expected: object
) -> None:
    """Product facts 4.5: in clear, behind "Show", masked or not at all."""
    browser_site.pages["/page"] = FORM.format(markup)
    found = await read(browser_session, browser_site, SECRET_PAGE)
    assert found.secrets["key"] == expected
    assert "s3cret" not in repr(found)


TEXT = {"text": {"label": "Text", "kind": "text"}}
TEXT_FIELD = '<label>Text <input name="t" value="old" {}></label>'


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ('type="url"', "URL"),
        ("onchange=\"this.value='mine'\"", "does not keep the value"),
        ('pattern="[a-z]+"', "format"),
    ],
)
async def test_a_field_that_does_not_take_a_value_is_said_before_anything_is_sent(
    browser_session: BrowserSession, browser_site: Any, attributes: str, said: str
) -> None:
    browser_site.pages["/page"] = FORM.format(TEXT_FIELD.format(attributes))
    base: dict[str, str | bool] = {"text": "old"}
    with pytest.raises(UpstreamRefused, match=said):
        await write(browser_session, browser_site, page(TEXT), {"text": "New 1"}, base)
    assert all(method == "GET" for method, _, _ in browser_site.received)


async def test_another_input_than_the_base_had_stops_the_write(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    """Contract section 7: a form sends all of its fields, so all must be what was read."""
    browser_site.pages["/page"] = FORM.format(ALL_FIELDS)
    with pytest.raises(UpstreamChanged, match=r"another value in: Body, On\. Nothing"):
        await write(
            browser_session,
            browser_site,
            page(ALL_KINDS),
            {"text": "new"},
            OLD | {"body": "other", "on": True},
        )


async def uncertain(
    session: BrowserSession, site: Any, described: PageDescription, form: str
) -> Any:
    site.pages["/page"] = form
    with pytest.raises(WriteUncertain) as caught:
        await write(session, site, described, {"text": "new"}, {"text": "old"})
    return caught.value.cause


ASKING = FORM.replace("<form ", '<form onsubmit="return {}" ')


@pytest.mark.parametrize(
    ("question", "confirm", "is_sent"),
    [
        ("confirm('Sure?')", True, True),
        ("confirm('Sure?')", False, False),
        ("confirm('Sure?')&&confirm('Really?')", True, False),
        ("prompt('Name?')!==null", True, False),
        ("alert('Mind!')||true", False, True),
    ],
)
async def test_only_the_question_of_the_save_is_answered_with_yes(
    browser_session: BrowserSession, browser_site: Any, question: str, confirm: bool, is_sent: bool
) -> None:
    """Product facts 4.5: accept the dialog only for the save we meant."""
    form = ASKING.format(question, TEXT_FIELD.format(""))
    described = page(TEXT, confirm=confirm)
    browser_site.pages["/saved"] = "303 /page"
    if is_sent:
        browser_site.pages["/page"] = form
        await write(browser_session, browser_site, described, {"text": "new"}, {"text": "old"})
    else:
        cause = await uncertain(browser_session, browser_site, described, form)
        assert isinstance(cause, UpstreamPageChanged)
        assert "question that was declined" in cause.detail
    assert any(method == "POST" for method, _, _ in browser_site.received) is is_sent


async def test_a_button_that_sends_nothing_is_no_success(
    browser_session: BrowserSession, browser_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "_SEND_SECONDS", 0.3)
    form = ASKING.format("false", TEXT_FIELD.format(""))
    cause = await uncertain(browser_session, browser_site, page(TEXT), form)
    assert "sends nothing" in cause.detail


@pytest.mark.parametrize(
    ("answer", "problem", "said"),
    [
        ("<p role=alert>No   way: t&lt;ake</p>", UpstreamRefused, '"No way: t<ake"'),
        (f"<p role=alert>{'x' * 900}</p>", UpstreamRefused, "x" * 200 + '"'),
        ("<p>Something else</p>", UpstreamError, "another page"),
        ("404", UpstreamRefused, "status 404"),
    ],
)
async def test_whatever_follows_save_but_success_leaves_it_uncertain(
    browser_session: BrowserSession,
    browser_site: Any,
    answer: str,
    problem: type[Problem],
    said: str,
) -> None:
    """Product facts 3.5: an error banner is quoted, bounded; the fresh page decides."""
    if answer != "404":
        browser_site.pages["/saved"] = answer
    form = FORM.format(TEXT_FIELD.format(""))
    cause = await uncertain(browser_session, browser_site, page(TEXT), form)
    assert isinstance(cause, problem)
    assert said in cause.detail


async def test_a_success_said_as_an_alert_is_no_refusal(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    """Many consoles say success and failure in the same kind of banner."""
    browser_site.pages |= {
        "/page": FORM.format(TEXT_FIELD.format("")),
        "/saved": "<p role=alert>Your settings were saved.</p>",
    }
    described = page(TEXT, evidence=["saved"])
    await write(browser_session, browser_site, described, {"text": "new"}, {"text": "old"})
    assert [method for method, _, _ in browser_site.received] == ["GET", "POST"]


async def test_a_save_button_that_cannot_be_pressed_is_a_changed_page(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    dead = FORM.replace("<button>", "<button disabled>")
    browser_site.pages["/page"] = dead.format(TEXT_FIELD.format(""))
    with pytest.raises(UpstreamPageChanged, match='"Save" cannot be pressed'):
        await write(browser_session, browser_site, page(TEXT), {"text": "n"}, {"text": "old"})


async def test_a_save_button_that_wakes_up_with_the_change_is_pressed(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    dead = FORM.replace("<button>", "<button id=s disabled>")
    field = TEXT_FIELD.format('oninput="s.disabled=false"')
    browser_site.pages |= {"/page": dead.format(field), "/saved": "303 /page"}
    await write(browser_session, browser_site, page(TEXT), {"text": "n"}, {"text": "old"})
    assert ("POST", "/saved", "t=n") in browser_site.received
