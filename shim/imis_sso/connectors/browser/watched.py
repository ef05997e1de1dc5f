"""A browser in which a person signs in to iMIS, and what is seen of the way there and back.

Seen is the authorization request (RFC 6749 4.1.1) with its client and redirect, that the browser
came back to iMIS, and the status of the page there. No code, token, address or text is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from imis_sso.connectors.browser import launch
from imis_sso.connectors.browser.failures import (
    BrowserGone,
    CertificateRefused,
    translated,
    untrusted_certificate,
)
from imis_sso.connectors.browser.traffic import is_on
from imis_sso.connectors.browser.trust import server_pin
from imis_sso.connectors.proxy import FindProxy, Proxy, no_proxy
from imis_sso.domain.hosts import origin_of

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Request, Response

TITLE: Final = "iMIS's sign-in page"


@dataclass(frozen=True)
class Trust:
    """How the browser is started: `ca_file` is trusted for `hosts`, besides the system's own.

    Without a screen it is `headless`, for a scripted person. `proxy` is on the way, where there is
    one; `user_agent` is added to what the browser calls itself.
    """

    ca_file: Path | None = None
    hosts: Sequence[str] = ()
    headless: bool = False
    proxy: FindProxy = no_proxy
    user_agent: str = ""

    async def start(self) -> launch.Launched:
        """Start a browser like this. Raises what `launch.start` and `trust.server_pin` raise."""
        pins = await self.pins()
        return await launch.start(pins, headless=self.headless, proxy=await self.proxy())

    async def pins(self) -> list[str]:
        """Verify each host by the authority and give the pin of its key (as `trust.server_pin`)."""
        if self.ca_file is None:
            return []
        proxy = await self.proxy()
        every = (_pin(each, self.ca_file, proxy) for each in self.hosts)
        return list(await asyncio.gather(*every))


async def _pin(host: str, ca_file: Path, proxy: Proxy | None) -> str:
    parts = urlsplit(f"//{host}")
    return await server_pin(parts.hostname or "", parts.port, ca_file, host, proxy=proxy)


class Person(Protocol):
    """Whoever signs in, in the window that was opened for it."""

    async def sign_in(self, page: Page) -> None:
        """Begin to sign in on iMIS's page; may return at once and go on in the window."""

    async def is_signed_in(self) -> bool:
        """Say whether iMIS shows that it signed the person in. Asked while the window is open."""


@dataclass(frozen=True)
class Watched:
    """What was seen of a sign-in.

    `came_back` tells that the provider sent the browser back to iMIS, `refused` that it did so with
    an error, `status` how iMIS answered then (None: it did not).
    """

    client_id: str = ""
    redirect_url: str = ""
    came_back: bool = False
    refused: bool = False
    status: int | None = None

    @property
    def was_asked(self) -> bool:
        """Whether iMIS sent the browser to a provider at all."""
        return bool(self.client_id and self.redirect_url)

    @property
    def failed(self) -> bool:
        """Whether the sign-in failed for certain; that it worked only a person can say."""
        bad = self.status is None or self.status >= HTTPStatus.BAD_REQUEST
        return not self.came_back or self.refused or bad


class Watch:
    """Listens to a page that iMIS's sign-in begins on, until it is back there or closed.

    Inferred (product facts 3.1): how iMIS shows that somebody is signed in is not documented, so
    only what the protocol says is looked at.
    """

    def __init__(self, page: Page, address: str) -> None:
        self._origin = origin_of(address)
        self._page, self._over = page, asyncio.Event()
        self._client_id = self._redirect_url = ""
        self._came_back = self._refused = False
        self._status: int | None = None
        # Interception does not see the last redirect of a log-in; a listener does.
        page.on("request", self._request)
        page.on("response", self._response)
        page.on("close", lambda _: self._over.set())

    async def ended(self, seconds: float) -> Watched:
        """Wait for the way back, at most so many seconds, and give what was seen."""
        with suppress(TimeoutError):  # what was seen until then is all there is
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return Watched(
            self._client_id, self._redirect_url, self._came_back, self._refused, self._status
        )

    def _is_document(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self._page.main_frame

    def _request(self, request: Request) -> None:
        if not self._is_document(request):
            return
        query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
        if self._is_back(request, query):
            self._came_back, self._refused = True, "error" in query
        elif is_on(origin=self._origin, url=request.url) and not self._came_back:
            self._client_id = self._redirect_url = ""  # the person begins anew
        elif not self._client_id and query.get("response_type") == ["code"]:
            # The first on the way is iMIS's own; the provider may ask a directory in its turn.
            self._client_id = (query.get("client_id") or [""])[0]
            self._redirect_url = (query.get("redirect_uri") or [""])[0]

    def _is_back(self, request: Request, query: dict[str, list[str]]) -> bool:
        same = bool(self._redirect_url) and request.url.partition("?")[0] == self._redirect_url
        return same and (request.method == "POST" or bool(query.keys() & {"code", "error"}))

    def _response(self, response: Response) -> None:
        request = response.request
        if not (self._came_back and self._is_document(request)):
            return
        is_redirect = HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST
        if not is_redirect and is_on(origin=self._origin, url=request.url):
            self._status = response.status
            self._over.set()


async def watch(
    address: str, person: Person, seconds: float, trust: Trust | None = None
) -> tuple[Watched, bool]:
    """Have a person sign in at an address; give what was seen, and whether they were signed in.

    Where the sign-in failed for certain, nobody is asked. Raises UpstreamUnavailable where there is
    no browser to open or a host is not trusted, and UpstreamTimeout.
    """
    trust = trust or Trust()
    launched = await trust.start()
    try:
        return await _watched(launched.browser, address, person, seconds)
    except CertificateRefused:
        raise untrusted_certificate(TITLE) from None
    except BrowserGone:
        return Watched(), False
    finally:
        await launch.stop(launched)


async def _watched(
    browser: Browser, address: str, person: Person, seconds: float
) -> tuple[Watched, bool]:
    context = await browser.new_context(accept_downloads=False, service_workers="block")
    page = await context.new_page()
    looking = Watch(page, address)
    with translated(TITLE):
        await page.goto(address)
        await person.sign_in(page)
    seen = await looking.ended(seconds)
    return seen, not seen.failed and await person.is_signed_in()
