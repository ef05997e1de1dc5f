"""The browser of one session: started when needed, its one page, its trust, its certain end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from imis_sso.connectors.browser import launch
from imis_sso.connectors.browser.failures import BrowserGone, translated
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.trust import server_pin
from imis_sso.domain.problems import UpstreamUnavailable

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from imis_sso.domain.secret import Secret

_USES_OF_A_PAGE: Final = 25
"""The driver keeps a record of every request of a page for as long as the page lives."""


class Engine:
    """Chromium for one origin, with one logged-in context and one page.

    `title` names the product in messages; `ca_file` is the private authority, if there is one;
    `secrets` gives what must be redacted from anything the page says.
    """

    def __init__(
        self,
        base_url: str,
        title: str,
        *,
        secrets: Callable[[], Sequence[Secret]],
        ca_file: Path | None,
        settle_seconds: float,
    ) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port
        self._origin = f"https://{parts.netloc}"
        self._title, self._secrets = title, secrets
        self._ca_file, self._settle_seconds = ca_file, settle_seconds
        self._starting: asyncio.Task[launch.Launched] | None = None
        self._pins: tuple[str, ...] = ()
        self._context: BrowserContext | None = None
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

    async def tab(self) -> Tab:
        """Give the page, in a browser started now if there is none.

        Raises BrowserGone if it broke down, and what `start` raises.
        """
        await self.start()
        launched = await self._launched()
        if not launched.browser.is_connected():
            raise BrowserGone
        if self._uses == _USES_OF_A_PAGE:
            self.drop_tab()
        if self._tab is None:
            self._tab, self._uses = await self._new_tab(launched), 0
        self._uses += 1
        return self._tab

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
        return await launch.start(self._pins)

    async def _present_pins(self) -> tuple[str, ...]:
        if self._ca_file is None:
            return ()
        return (await server_pin(self._host, self._port, self._ca_file, self._title),)

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
            context = await _new_context(launched)
        try:
            yield await self._page_of(context)
        finally:
            with suppress(Exception):  # a browser that is gone has ended it
                await context.close()

    async def _new_tab(self, launched: launch.Launched) -> Tab:
        if self._context is None:
            with translated(self._title):
                self._context = await _new_context(launched)
        return await self._page_of(self._context)

    async def _page_of(self, context: BrowserContext) -> Tab:
        with translated(self._title):
            page = await context.new_page()
        return Tab(page, self._origin, self._title, self._secrets, self._settle_seconds)

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
        self._context = self._tab = None
        if starting is None:
            return
        with suppress(Exception):  # what never started needs no end
            await launch.stop(await starting)
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def close(self) -> None:
        """End the browser for good."""
        self._closed = True
        await self.stop()


async def _new_context(launched: launch.Launched) -> BrowserContext:
    return await launched.browser.new_context(
        accept_downloads=False, locale="en-US", service_workers="block"
    )
