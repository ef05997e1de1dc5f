"""One page of the browser: loads, looks, fills and presses; on the product's own origin only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from imis_sso.connectors.browser.dialogs import Dialogs
from imis_sso.connectors.browser.failures import (
    PageReplaced,
    network_problem,
    refused_status,
    translated,
)
from imis_sso.connectors.browser.origin_guard import sent_only_to
from imis_sso.connectors.browser.survey import SeenAction, SeenField, Survey, script, survey_of
from imis_sso.connectors.browser.traffic import Traffic, is_on
from imis_sso.domain.problems import UpstreamError, UpstreamPageChanged, UpstreamUnavailable
from imis_sso.domain.secret import redact

if TYPE_CHECKING:
    from playwright.async_api import Page

    from imis_sso.domain.secret import Secret

POLL_SECONDS: Final = 0.04
_LOOKS: Final = 25


class Tab:
    """A browser page bound to one origin.

    `title` is the product's name for messages; `settle_seconds` is how long a quiet page may take
    to show what is waited for. `pressed_save` is set before Save is pressed: from
    then on a failure leaves the outcome open (see `WriteUncertain`).
    """

    def __init__(
        self,
        page: Page,
        origin: str,
        title: str,
        secrets: Callable[[], Sequence[Secret]],
        settle_seconds: float,
    ) -> None:
        self._page = page
        self._secrets = secrets
        self.origin = origin
        self.title = title
        self.settle_seconds = settle_seconds
        self.traffic = Traffic(page, origin)
        self.dialogs = Dialogs(page)
        self.pressed_save = False

    def guarded(self) -> AbstractAsyncContextManager[None]:
        """While open, keep the page from sending anything to another origin."""
        return sent_only_to(self._page, self.origin)

    async def close(self) -> None:
        """Close the page, whatever it is doing."""
        with suppress(Exception):  # a page that is gone is as good as closed
            await self._page.close()

    def redacted(self, words: str) -> str:
        """Give words of the page without any secret in play."""
        return redact(words, self._secrets())

    @property
    def url(self) -> str:
        """The address of the page that is shown."""
        return str(self._page.url)

    async def load(self, url: str) -> None:
        """Load an address, to the end of its document.

        Raises a `Problem` where the product cannot be reached, fails or sends us elsewhere.
        """
        self.traffic.watch()
        try:
            with translated(self.title):
                await self._page.goto(url, wait_until="commit")
                await self._whole_document()
        except PageReplaced:
            raise self._restless() from None
        except UpstreamUnavailable:
            # Chromium calls a page failed that has an error status and no text.
            self.check_status()
            if self.traffic.status is None:
                raise
            raise self._no_page() from None
        self.check_status()
        self._check_origin()
        # Chromium's headless shell shows it, with nothing on it.
        if (
            self.traffic.status or 0
        ) >= HTTPStatus.BAD_REQUEST and not await self._shows_anything():
            raise self._no_page()

    def _no_page(self) -> UpstreamError:
        return UpstreamError(
            f"{self.title} answered with status {self.traffic.status} and no page."
        )

    async def _shows_anything(self) -> bool:
        with translated(self.title):
            return bool(await self._page.evaluate("Boolean(document.body?.hasChildNodes())"))

    async def _whole_document(self) -> None:
        # A document that broke off is shown as far as it came: its values may be cut short.
        failure = await self.traffic.document_failure()
        if failure:
            raise network_problem(failure.removeprefix("net::"), self.title)
        await self._page.wait_for_load_state("domcontentloaded")

    def check_status(self) -> None:
        """Raise a `Problem` if the page was answered with a status that says the product failed."""
        status = self.traffic.status
        problem = status and refused_status(status, self.traffic.retry_after, self.title)
        if problem:
            raise problem

    def _check_origin(self) -> None:
        if not self.is_own(self.url):
            host = urlsplit(self.url).hostname
            msg = f"{self.title} sent the browser to another address ({host})."
            raise UpstreamError(msg)

    async def look(self, markers: Sequence[str] = ()) -> Survey:
        """Look at the page; `markers` are texts to search for in it."""
        return survey_of(await self._ask({"op": "look", "markers": list(markers)}))

    async def told_by(self, own_script: str) -> Any:
        """Give what a script of ours says of the page that is shown; it changes nothing there."""
        with translated(self.title):
            return await self._page.evaluate(own_script)

    async def _ask(self, request: dict[str, Any]) -> Any:
        return await self.ask(script(), request)

    async def ask(self, written: str, request: dict[str, Any]) -> Any:
        """Have a script of ours look at the page, or act on it; gives what it answers."""
        for _ in range(_LOOKS):
            try:
                with translated(self.title):
                    return await self._page.evaluate(written, request)
            except PageReplaced:
                await asyncio.sleep(POLL_SECONDS)
        raise self._restless()

    def _restless(self) -> UpstreamError:
        return UpstreamError(f"{self.title} keeps on loading other pages.")

    async def settle(self, done: Callable[[Survey], bool], markers: Sequence[str] = ()) -> Survey:
        """Look until the page is as wanted and its scripts wait for nothing.

        Gives the last look when the page has been quiet for the settling time without that: what
        is missing then is for the caller to judge.
        """
        # A look during which an answer came in may be one at the page before it.
        waited, survey = self.traffic.loading, await self.look(markers)
        quiet_since = time.monotonic()
        while waited or self.traffic.loading or not done(survey):
            if waited or self.traffic.loading:
                quiet_since = time.monotonic()
            if time.monotonic() - quiet_since > self.settle_seconds:
                break
            await asyncio.sleep(POLL_SECONDS)
            waited, survey = self.traffic.loading, await self.look(markers)
        return survey

    async def fill(self, field: SeenField, value: str | bool | int) -> None:
        """Put a value into a field, if its form sends to the product's own origin.

        Raises UpstreamPageChanged if it does not, or if the field is no longer there.
        """
        await self._act("fill", field.index, field.label, value=value)

    async def press(self, action: SeenAction) -> None:
        """Press a button or follow a link, if it leads to the product's own origin.

        Raises UpstreamPageChanged if it does not, or if it is no longer there.
        """
        is_address = urlsplit(action.href).scheme in {"http", "https"}
        leads_away = is_address and not self.is_own(action.href)
        if leads_away or action.target != self.origin:
            msg = f'"{action.name}" leads away from {self.title}. Nothing was sent.'
            raise UpstreamPageChanged(msg)
        await self._act("press", action.index, action.name)

    async def reveal(self, field: SeenField, names: Sequence[str]) -> bool:
        """Press the control beside a field that shows its value; tell whether there is one."""
        wanted = [name.casefold() for name in names]
        wanted += [f"{name} {field.label}".casefold() for name in names]
        request = {"op": "reveal", "index": field.index, "label": field.label, "names": wanted}
        return bool(await self._ask({**request, "origin": self.origin}))

    async def _act(self, operation: str, index: int, label: str, **more: object) -> None:
        request = {"op": operation, "index": index, "label": label, "origin": self.origin, **more}
        if not await self._ask(request):
            msg = (
                f'"{label}" on a page of {self.title} moved, or its form sends to another address. '
                "Nothing was sent."
            )
            raise UpstreamPageChanged(msg)

    def is_own(self, url: str) -> bool:
        """Tell whether an address is on the product's own origin."""
        return is_on(origin=self.origin, url=url)
