"""The way to a described page: by its address once that is known, else by the labels of its links.

The log-in page may come at any step; it is answered once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urldefrag, urljoin, urlsplit

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.failures import LogInShown, page_changed
from imis_sso.connectors.browser.kept_log_in import LogsIn
from imis_sso.connectors.browser.listing import (
    add_record,
    is_list,
    listed,
    open_record,
    shown_records,
)
from imis_sso.connectors.browser.structure import Comparison, compare, find_link
from imis_sso.connectors.browser.survey import SeenAction, Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.domain.problems import UpstreamError

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """A described page as it was found."""

    survey: Survey
    comparison: Comparison


class Way:
    """Opens the pages of one product, and remembers where they are.

    `base_url` is the first page, from which links lead to all others.
    """

    def __init__(self, base_url: str, log_in: LogsIn) -> None:
        self.base_url = base_url
        self._log_in = log_in
        self._addresses: dict[str, str] = {}

    async def open(self, tab: Tab, page: PageDescription) -> View:
        """Show the page, logging in where the log-in page comes in its place.

        Raises UpstreamPageChanged where the way to it is not as described, or nothing of the page
        is where it leads; whether the page itself is as described, the view tells.
        """
        view = await self.look(tab, page)
        if not view.comparison.present:
            raise page_changed(page.title, tuple(view.comparison.faults.values()), tab.title)
        return view

    async def look(self, tab: Tab, page: PageDescription) -> View:
        """Show what is where the page should be, logging in as `open` does.

        Raises UpstreamPageChanged where the way to it is not as described.
        """
        return await self._answered(tab, lambda: self._reach(tab, page))

    async def list(self, tab: Tab, page: PageDescription) -> None:
        """Show the list that a page's records are reached from, logging in as `open` does.

        Raises UpstreamPageChanged where the way to it is not as described, or it is no list.
        """
        await self._answered(tab, lambda: self._reach_list(tab, page))

    async def load(self, tab: Tab, page: PageDescription, address: str) -> View:
        """Show what is at an address of the product, logging in as `open` does."""

        async def reach() -> View:
            await tab.load(urljoin(self.base_url, address))
            return await self._view(tab, page)

        return await self._answered(tab, reach)

    async def form(self, tab: Tab, page: PageDescription) -> View:
        """Wait for the form that was just opened from a list.

        Raises UpstreamPageChanged where something else came.
        """
        try:
            view = await self._view(tab, page)
        except LogInShown:
            msg = f"{tab.title} shows its log-in page in the middle of the work."
            raise UpstreamError(msg) from None
        if not view.comparison.present:
            raise page_changed(page.title, tuple(view.comparison.faults.values()), tab.title)
        return view

    async def _answered(self, tab: Tab, reach: Callable[[], Awaitable[T]]) -> T:
        try:
            return await reach()
        except LogInShown:
            await self._log_in.perform(tab)
        try:
            return await reach()
        except LogInShown:
            msg = f"{tab.title} shows its log-in page again right after the log-in."
            raise UpstreamError(msg) from None

    async def _reach_list(self, tab: Tab, page: PageDescription) -> None:
        address = self._addresses.get(page.title)
        if address is not None:
            await tab.load(address)
            if await self._is_list(tab, page):
                return
            del self._addresses[page.title]
        await tab.load(self.base_url)
        for step in page.open:
            await self._follow(tab, step, page)
        if not await self._is_list(tab, page):
            raise page_changed(page.title, ("there is no list of records",), tab.title)
        self._addresses[page.title] = tab.url

    async def _reach_form(self, tab: Tab, page: PageDescription) -> View:
        """Show the first record's form, or the empty one where there is no record."""
        await self._reach_list(tab, page)
        records = await listed(tab, page)
        if records:
            await open_record(tab, page, records[0])
        else:
            await add_record(tab, page)
        return await self._view(tab, page)

    async def _is_list(self, tab: Tab, page: PageDescription) -> bool:
        def done(survey: Survey) -> bool:
            # Records may appear later than the way to add one: only time tells that there is none.
            return self._log_in.shown(survey) or bool(shown_records(page, survey))

        survey = await tab.settle(done)
        self._refuse_log_in(survey)
        return is_list(page, survey)

    def shows_log_in(self, survey: Survey) -> bool:
        """Tell whether a page is one of the log-in."""
        return self._log_in.shown(survey)

    async def _reach(self, tab: Tab, page: PageDescription) -> View:
        if page.records is not None:
            return await self._reach_form(tab, page)
        address = self._addresses.get(page.title)
        if address is not None:
            await tab.load(address)
            view = await self._view(tab, page)
            if view.comparison.present:
                return view
            del self._addresses[page.title]
        return await self._walk(tab, page)

    async def _walk(self, tab: Tab, page: PageDescription) -> View:
        await tab.load(self.base_url)
        for step in page.open:
            await self._follow(tab, step, page)
        view = await self._view(tab, page)
        if view.comparison.present:
            self._addresses[page.title] = tab.url
        return view

    async def _follow(self, tab: Tab, step: Sequence[str], page: PageDescription) -> None:
        def done(survey: Survey) -> bool:
            return self._log_in.shown(survey) or isinstance(find_link(step, survey), SeenAction)

        survey = await tab.settle(done)
        self._refuse_log_in(survey)
        link = find_link(step, survey)
        if isinstance(link, str):
            raise page_changed(page.title, (link,), tab.title)
        await _go(tab, link)

    async def _view(self, tab: Tab, page: PageDescription) -> View:
        def done(survey: Survey) -> bool:
            return self._log_in.shown(survey) or not compare(page.fields, survey).faults

        survey = await tab.settle(done)
        compared = compare(page.fields, survey)
        if not compared.present:
            self._refuse_log_in(survey)
        return View(survey, compared)

    def _refuse_log_in(self, survey: Survey) -> None:
        if self._log_in.shown(survey):
            raise LogInShown


async def _go(tab: Tab, link: SeenAction) -> None:
    # An address is loaded to its end; a press could be followed by a look at the old page.
    is_address = urlsplit(link.href).scheme in {"http", "https"}
    if is_address and urldefrag(link.href).url != urldefrag(tab.url).url and tab.is_own(link.href):
        await tab.load(link.href)
    else:
        await tab.press(link)
