"""What goes over the wire for a page, as far as judging it needs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from imis_sso.domain.hosts import origin_of

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Response

_BACKGROUND: Final = frozenset({"xhr", "fetch"})
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def is_on(*, origin: str, url: str) -> bool:
    """Tell whether an address is on an origin."""
    return origin_of(url) == origin


class Sent:
    """One request that may change something at the product, and what became of it."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after: str | None = None
        self.finished = False
        self.failed = False

    @property
    def over(self) -> bool:
        """Whether its answer is complete, or will never come."""
        return self.finished or self.failed


class Traffic:
    """Listens to a page: its own status, what it still loads, what it has sent since `watch`.

    Only what was sent to the product's own origin counts: nobody else can be asked to save.
    """

    def __init__(self, page: Page, origin: str) -> None:
        self._page, self._origin = page, origin
        self._pending: set[Request] = set()
        self._sent: dict[Request, Sent] = {}
        self._document: Request | None = None
        self._document_over = asyncio.Event()
        self.status: int | None = None
        self.retry_after: str | None = None
        page.on("request", self._begin)
        page.on("response", self._answer)
        page.on("requestfinished", self._finish)
        page.on("requestfailed", self._fail)

    @property
    def loading(self) -> bool:
        """Whether scripts of the page are waiting for answers."""
        return bool(self._pending)

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent since `watch`, in order; a redirect is counted with its cause."""
        return tuple(self._sent.values())

    def watch(self) -> None:
        """Forget everything; called before a page is asked for and before a button is pressed."""
        self._pending.clear()
        self._sent.clear()
        self.status = self.retry_after = None

    async def document_failure(self) -> str | None:
        """Wait for the end of the page's document; give Chromium's error if it broke off."""
        await self._document_over.wait()
        return None if self._document is None else self._document.failure

    def _is_document(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self._page.main_frame

    def _begin(self, request: Request) -> None:
        if self._is_document(request):
            self._document = request
            self._document_over.clear()
        if request.resource_type in _BACKGROUND:
            self._pending.add(request)
        if request.method not in _READING and is_on(origin=self._origin, url=request.url):
            self._sent[request] = Sent()

    def _answer(self, response: Response) -> None:
        request = response.request
        retry_after = response.headers.get("retry-after")
        sent = self._sent.get(request)
        if sent is not None:
            sent.status, sent.retry_after = response.status, retry_after
        if request is self._document:
            self.status, self.retry_after = response.status, retry_after

    def _finish(self, request: Request) -> None:
        self._end(request)
        if request in self._sent:
            self._sent[request].finished = True

    def _fail(self, request: Request) -> None:
        self._end(request)
        if request in self._sent:
            self._sent[request].failed = True

    def _end(self, request: Request) -> None:
        self._pending.discard(request)
        if request is self._document:
            self._document_over.set()
