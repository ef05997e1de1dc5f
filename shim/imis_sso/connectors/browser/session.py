"""One warm, logged-in browser per environment; one thing at a time (architecture: connectors)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.browser.capture import described, keep
from imis_sso.connectors.browser.engine import Engine
from imis_sso.connectors.browser.failures import (
    BrowserGone,
    CertificateRefused,
    timed_out,
    untrusted_certificate,
)
from imis_sso.connectors.browser.idle import IDLE_SECONDS, Idle
from imis_sso.connectors.browser.kept_log_in import LogsIn
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.pace import Pace
from imis_sso.connectors.proxy import FindProxy, no_proxy
from imis_sso.domain.kept_login import KeptLogin
from imis_sso.domain.problems import (
    Busy,
    Problem,
    UpstreamLoginRequired,
    UpstreamPageChanged,
    UpstreamUnavailable,
)
from imis_sso.domain.secret import Secret

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Work = Callable[[Tab], Awaitable[Result]]

_QUEUE_SECONDS: Final = 40.0
_START_SECONDS: Final = 25.0
_RENEW_SECONDS: Final = 30.0


class BrowserSession:
    """A browser with one page, started when first needed and kept until it is idle, or `aclose`.

    `title` names the product in messages; `secrets` gives what must never be in one; `ca_file` is
    the private authority, if there is one; `captures` is the directory for descriptions of changed
    pages, if they are kept; `settle_seconds` is how long a quiet page may take to show its fields;
    `pace` caps how often the product is used; after `idle_seconds` without use the browser is
    ended, and its log-in with it; the next use starts another. `log_in` says whether the browser
    begins with the log-in of a person; `proxy` is on the way, where there is one; `user_agent` is
    added to what the browser calls itself.
    """

    def __init__(
        self,
        base_url: str,
        title: str,
        *,
        secrets: Callable[[], Sequence[Secret]] = tuple,
        ca_file: Path | None = None,
        captures: Path | None = None,
        settle_seconds: float = 2.5,
        pace: Pace | None = None,
        idle_seconds: float = IDLE_SECONDS,
        log_in: LogsIn | None = None,
        proxy: FindProxy = no_proxy,
        user_agent: str = "",
    ) -> None:
        self._title, self._secrets, self._captures = title, secrets, captures
        self._pace = pace
        self._log_in, self._renewed_at = log_in, 0.0
        self._idle = Idle(idle_seconds, self._rest)
        self._engine = Engine(
            base_url,
            title,
            secrets=secrets,
            ca_file=ca_file,
            settle_seconds=settle_seconds,
            proxy=proxy,
            user_agent=user_agent,
        )
        self._lock = asyncio.Lock()
        self._interrupted_save = False

    async def run(self, work: Work[Result], seconds: float) -> Result:
        """Let `work` have the page for at most so many seconds, after whatever is under way.

        The first start of the browser is not counted; it has 25 seconds of its own.
        A browser that broke down, or a server with a new key, is met with one new start, unless
        Save was pressed by then. Raises the `Problem`s of `work`, UpstreamTimeout, Busy,
        UpstreamUnavailable, and WriteUncertain for everything after Save was pressed.
        """
        async with self._turn():
            if self._pace is not None:
                await self._pace.turn()
            await self._start()
            self._interrupted_save = False
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    return await self._repeated(work)
            except TimeoutError:
                problem = timed_out(self._title)
                raise WriteUncertain(problem) if self._interrupted_save else problem from None

    async def run_apart(self, work: Work[Result], seconds: float) -> Result:
        """Let `work` have a page that knows no log-in, beside the session, which stays as it is.

        Nothing is started again for it. Raises the `Problem`s of `work`, and what `run` raises.
        """
        async with self._turn():
            if self._pace is not None:
                await self._pace.turn()
            await self._start()
            try:
                async with asyncio.timeout(seconds), self._engine.apart() as tab:
                    return await work(tab)
            except TimeoutError:
                raise timed_out(self._title) from None
            except CertificateRefused:
                raise untrusted_certificate(self._title) from None
            except BrowserGone:
                msg = f"The browser for {self._title} broke down."
                raise UpstreamUnavailable(msg) from None

    async def _start(self) -> None:
        # Once a session, so it has its own time: a slow machine must not look like a slow product.
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._engine.start()
        except TimeoutError:
            msg = f"The browser for {self._title} does not start in time."
            raise UpstreamUnavailable(msg) from None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_QUEUE_SECONDS):
                await self._lock.acquire()
        except TimeoutError:
            msg = f"The browser is still at work for {self._title}."
            raise Busy(msg) from None
        self._idle.end()
        try:
            yield
        finally:
            self._lock.release()
            self._idle.begin()

    async def _repeated(self, work: Work[Result]) -> Result:
        try:
            return await self._once(work)
        except BrowserGone:
            logger.warning("the browser for %s broke down and is started again", self._title)
        except CertificateRefused:
            if not await self._engine.has_new_pins():
                raise untrusted_certificate(self._title) from None
            logger.info("%s has a new key; the browser is started again", self._title)
        await self._engine.stop()
        try:
            return await self._once(work)
        except BrowserGone:
            msg = f"The browser for {self._title} breaks down repeatedly."
            raise UpstreamUnavailable(msg) from None
        except CertificateRefused:
            raise untrusted_certificate(self._title) from None

    async def _once(self, work: Work[Result]) -> Result:
        tab = await self._engine.tab(await self._kept())
        tab.pressed_save = False
        try:
            result = await work(tab)
        except asyncio.CancelledError:
            self._interrupted_save = tab.pressed_save
            self._engine.drop_tab()
            raise
        except Exception as error:
            if isinstance(error, UpstreamPageChanged):
                await self._capture(tab, error)
            # What a failed page still does must not disturb the next one.
            self._engine.drop_tab()
            if tab.pressed_save and not isinstance(error, WriteUncertain):
                raise WriteUncertain(self._cause(error)) from None
            raise
        await self._renew()
        return result

    async def _kept(self) -> KeptLogin | None:
        if self._log_in is None:
            return None
        try:
            return await self._log_in.current()
        except UpstreamLoginRequired:
            await self._engine.forget()
            raise

    async def _renew(self) -> None:
        """Keep what the product made of a person's log-in, now and then."""
        if self._log_in is None or time.monotonic() - self._renewed_at < _RENEW_SECONDS:
            return
        self._renewed_at = time.monotonic()
        with suppress(Problem, BrowserGone):  # what was asked for is done; the next use tells
            await self._log_in.used(await self._engine.renewed())

    def _cause(self, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        logger.warning("the browser failed while saving (%s)", type(error).__name__)
        return UpstreamUnavailable(f"The browser for {self._title} broke down while saving.")

    async def _capture(self, tab: Tab, problem: Problem) -> None:
        if self._captures is None:
            return
        with suppress(Problem, BrowserGone):  # the page's change is what is to be reported
            capture = described(await tab.look(), tab.url, problem.detail, self._secrets())
            await keep(self._captures, capture)

    async def _rest(self) -> None:
        async with self._lock:
            if self._idle.is_over:
                await self._engine.stop()
                logger.info("the browser for %s was idle and is ended", self._title)

    async def aclose(self) -> None:
        """End the browser, whatever it is doing, and for good."""
        await self._idle.aclose()
        await self._engine.close()
