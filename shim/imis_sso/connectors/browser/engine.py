"""The browser of one session: started when needed, its one page, its trust, its certain end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from imis_sso.connectors.browser import launch
from imis_sso.connectors.browser.failures import BrowserGone, translated
from imis_sso.connectors.browser.state import state_of
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.trust import server_pin
from imis_sso.connectors.proxy import FindProxy, no_proxy
from imis_sso.domain.kept_login import KeptLogin
from imis_sso.domain.problems import UpstreamUnavailable

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from imis_sso.domain.secret import Secret

_USES_OF_A_PAGE: Final = 25
"""The driver keeps a record of every request of a page for as long as the page lives."""


class Engine:
    """Chromium for one origin, with one logged-in context and one page.

    `title` names the product in messages; `ca_file` is the private authority, if there is one;
    `secrets` gives what must be redacted from anything the page says; `proxy` is on the way, where
    there is one; `user_agent` is added to what the browser calls itself.
    """

    def __init__(
        self,
        base_url: str,
        title: str,
        *,
        secrets: Callable[[], Sequence[Secret]],
        ca_file: Path | None,
        settle_seconds: float,
        proxy: FindProxy = no_proxy,
        user_agent: str = "",
    ) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port
        self._origin = f"https://{parts.netloc}"
        self._title, self._secrets = title, secrets
        self._ca_file, self._settle_seconds = ca_file, settle_seconds
        self._proxy, self._user_agent = proxy, user_agent
        self._starting: asyncio.Task[launch.Launched] | None = None
        self._pins: tuple[str, ...] = ()
        self._context: BrowserContext | None = None
        self._kept: KeptLogin | None = None
        self._tab: Tab | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False
        self._uses = 0

    async def start(self) -> None:
        """Start the browser if there is none.

        Raises UpstreamUnavailable where there is no browser to start, the server's certificate is
        not trusted, or the session was closed.
        """
        self._refuse_closed()
        await self._launched()

    async def tab(self, kept: KeptLogin | None = None) -> Tab:
        """Give the page, in a browser started now if there is none.

        Where a person's log-in is given, the page begins with it. Raises BrowserGone if the
        browser broke down, and what `start` raises.
        """
        await self.start()
        launched = await self._launched()
        if not launched.browser.is_connected():
            raise BrowserGone
        await self._begin_with(kept)
        if self._uses == _USES_OF_A_PAGE:
            self.drop_tab()
        if self._tab is None:
            self._tab, self._uses = await self._new_tab(launched), 0
        self._uses += 1
        return self._tab

    async def _begin_with(self, kept: KeptLogin | None) -> None:
        mark = None if kept is None else kept.facts.mark
        if self._kept is not None and mark != self._kept.facts.mark:
            await self.forget()
        if self._kept is None:
            self._kept = kept

    async def forget(self) -> None:
        """Forget the log-in of a person, and everything else of the session."""
        self.drop_tab()
        context, self._context, self._kept = self._context, None, None
        if context is not None:
            with suppress(Exception):  # a browser that is gone has forgotten
                await context.close()

    async def renewed(self) -> KeptLogin | None:
        """Give the log-in of a person as the product has changed it; None where it has not."""
        if self._kept is None or self._context is None:
            return None
        with translated(self._title):
            state = await state_of(self._context, self._origin, self._kept.state.user_agent)
        if state.storage == self._kept.state.storage:
            return None
        facts = replace(self._kept.facts, ends=state.ends)
        self._kept = KeptLogin(facts, state)
        return self._kept

    def _refuse_closed(self) -> None:
        if self._closed:
            msg = f"The browser session at {self._title} is closed."
            raise UpstreamUnavailable(msg)

    async def _launched(self) -> launch.Launched:
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.create_task(self._launch())
        # A caller that gives up must not leave a browser behind that nobody knows of.
        return await asyncio.shield(self._starting)

    async def _launch(self) -> launch.Launched:
        self._pins = await self._present_pins()
        return await launch.start(self._pins, proxy=await self._proxy())

    async def _present_pins(self) -> tuple[str, ...]:
        if self._ca_file is None:
            return ()
        proxy = await self._proxy()
        pin = server_pin(self._host, self._port, self._ca_file, self._title, proxy=proxy)
        return (await pin,)

    async def has_new_pins(self) -> bool:
        """Tell whether a trusted server shows another key than the browser was told of."""
        return await self._present_pins() != self._pins

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Tab]:
        """Give a page of its own that shares nothing with the session, and end it afterwards.

        Raises as `tab` does.
        """
        launched = await self._launched()
        if not launched.browser.is_connected():
            raise BrowserGone
        with translated(self._title):
            context = await _new_context(launched, **self._agent(launched))
        try:
            yield await self._page_of(context)
        finally:
            with suppress(Exception):  # a browser that is gone has ended it
                await context.close()

    async def _new_tab(self, launched: launch.Launched) -> Tab:
        if self._context is None:
            with translated(self._title):
                self._context = await _new_context(launched, **self._identity(launched))
        return await self._page_of(self._context)

    async def _page_of(self, context: BrowserContext) -> Tab:
        with translated(self._title):
            page = await context.new_page()
        return Tab(page, self._origin, self._title, self._secrets, self._settle_seconds)

    def _agent(self, launched: launch.Launched) -> dict[str, Any]:
        if not self._user_agent:
            return {}
        return {"user_agent": f"{launched.user_agent} {self._user_agent}"}

    def _identity(self, launched: launch.Launched) -> dict[str, Any]:
        if self._kept is None:
            return self._agent(launched)
        state = self._kept.state
        return {
            "storage_state": json.loads(state.storage.reveal()),
            "user_agent": state.user_agent,
        }

    def drop_tab(self) -> None:
        """Give up the page, whatever it is doing; the next one shares its log-in."""
        if self._tab is not None:
            task = asyncio.create_task(self._tab.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._tab = None

    async def stop(self) -> None:
        """End the browser; the next use starts another."""
        starting, self._starting = self._starting, None
        self._context = self._tab = self._kept = None
        if starting is None:
            return
        with suppress(Exception):  # what never started needs no end
            await launch.stop(await starting)
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def close(self) -> None:
        """End the browser for good."""
        self._closed = True
        await self.stop()


async def _new_context(launched: launch.Launched, **identity: Any) -> BrowserContext:
    return await launched.browser.new_context(
        accept_downloads=False, locale="en-US", service_workers="block", **identity
    )
