"""Looks at the pages of a product for the doctor: what they are made of, and whether they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from imis_sso.connectors.browser.description import LogInDescription, PageDescription
from imis_sso.connectors.browser.kept_log_in import LogsIn
from imis_sso.connectors.browser.shapes import page_shape, script
from imis_sso.connectors.browser.survey import Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View, Way
from imis_sso.domain.observed import Shape
from imis_sso.domain.problems import UpstreamPageChanged

LOG_IN_SHAPE: Final = "log-in-page"
UNEXPECTED_SHAPE: Final = "unexpected-page"
"""Names of shapes in a capture."""
InPlay = Callable[[], Iterable[str]]


@dataclass
class Seen:
    """What was seen on the way; `view` is None where the page was not reached."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    view: View | None = None


class Looker:
    """Goes to a page and keeps the shape of what it passes; `in_play` must never be told."""

    def __init__(
        self, log_in: LogsIn, log_in_page: LogInDescription, way: Way, in_play: InPlay
    ) -> None:
        self._log_in, self._log_in_page = log_in, log_in_page
        self._way, self._in_play = way, in_play

    async def log_in_page(self, tab: Tab, seen: Seen) -> None:
        """Look at the log-in page, if it is what the first page shows; nobody logs in."""
        await tab.load(self._way.base_url)
        survey = await tab.settle(self._log_in.shown)
        if self._log_in.shown(survey):
            await self._keep(tab, LOG_IN_SHAPE, self._log_in_page, survey, seen)

    async def page(self, tab: Tab, name: str, page: PageDescription, seen: Seen) -> View:
        """Open a page, logging in where that is asked for. Raises as `Way.open` does.

        Where it is not as described, what is shown in its place is kept.
        """
        try:
            seen.view = await self._way.open(tab, page)
        except UpstreamPageChanged:
            await self._keep(tab, UNEXPECTED_SHAPE, page, await tab.look(), seen)
            raise
        await self._keep(tab, name, page, seen.view.survey, seen)
        return seen.view

    async def _keep(
        self,
        tab: Tab,
        name: str,
        page: PageDescription | LogInDescription,
        survey: Survey,
        seen: Seen,
    ) -> None:
        made: Any = await tab.told_by(script())
        content = page_shape(page, survey, made, self._in_play())
        seen.shapes[name] = Shape(name, content)
