"""One browser after another: its breakdowns, time-outs and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from browser_walk import (
    HOME,
    PAGE,
    Walker,
)

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.browser import launch
from imis_sso.connectors.browser import session as browser_module
from imis_sso.connectors.browser.form import write_form
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.tab import Tab
from imis_sso.domain.problems import (
    Busy,
    UpstreamUnavailable,
)

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


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


async def test_a_browser_that_nobody_uses_is_ended_and_started_again(
    browser_site: Any, walker: Walker
) -> None:
    """Architecture, connectors: warm while it is used; its memory is given back after that."""
    browser_site.pages["/"] = HOME
    session = BrowserSession(
        browser_site.origin,
        "The product",
        ca_file=browser_site.ca_file,
        settle_seconds=0.5,
        idle_seconds=1.6,
    )
    fresh = Walker(session, browser_site.origin)
    try:
        assert await fresh.read() == "v"
        first = (await browser_of(session)).pid or 0
        await asyncio.sleep(0.9)
        assert await fresh.read() == "v"
        await asyncio.sleep(0.9)  # a pause since the first use, not since the last
        assert is_alive(first)
        async with asyncio.timeout(10):
            while is_alive(first):
                await asyncio.sleep(0.05)
        assert await fresh.read() == "v"
        second = (await browser_of(session)).pid or 0
    finally:
        await session.aclose()
    assert second != first
    assert not is_alive(second)
    assert walker.session is not session


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
