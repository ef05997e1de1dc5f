"""Goes through the steps of a log-in: choice, user name, password, one-time code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from imis_sso.connectors.browser.failures import page_changed
from imis_sso.connectors.browser.log_in_page import LogInPages, Step, code_field
from imis_sso.connectors.browser.survey import Survey
from imis_sso.connectors.browser.tab import POLL_SECONDS, Tab
from imis_sso.domain.problems import UpstreamUnavailable
from imis_sso.domain.secret import Secret

PAGE: Final = "log-in"
# What was typed last is what a log-in page that comes again refuses.
_TYPED: Final = (Step.CODE, Step.PASSWORD, Step.NAME)


class Stopped(Exception):  # noqa: N818  # a state of the log-in
    """The log-in does not go on: `at` is the step that was not accepted, or cannot be done."""

    def __init__(self, at: Step, survey: Survey) -> None:
        super().__init__(at.value)
        self.at, self.survey = at, survey


class Walk:
    """One attempt; each step is done once.

    `values` are those of the fields by name; `code` gives the one-time code, None where there is no
    secret to make one from.
    """

    def __init__(
        self,
        tab: Tab,
        pages: LogInPages,
        values: Mapping[str, str],
        code: Callable[[], Awaitable[Secret | None]],
    ) -> None:
        self._tab, self._pages, self._values, self._code = tab, pages, values, code
        self._done: list[Step] = []
        self._given: set[str] = set()

    async def to_the_end(self) -> None:
        """Do every step that the pages ask for, until none of them is shown.

        Raises Stopped, UpstreamPageChanged, UpstreamUnavailable, and what `Tab` raises.
        """
        survey = await self._tab.look(self._pages.markers)
        while (step := self._pages.step(survey)) is not None:
            if step is Step.PERSON:
                raise Stopped(step, survey)
            if step in self._done:
                raise Stopped(self._last_typed(), survey)
            self._done.append(step)
            survey = await self._do(step, survey)

    def _last_typed(self) -> Step:
        return next((each for each in _TYPED if each in self._done), Step.CHOICE)

    async def _do(self, step: Step, survey: Survey) -> Survey:
        if step is Step.CHOICE:
            return await self._choose(survey)
        if step is Step.PASSWORD:
            survey = await self._whole(step)
        await self._fill(step, survey)
        return await self._sent(step, await self._tab.look())

    async def _choose(self, survey: Survey) -> Survey:
        await self._press(Step.CHOICE, survey)

        def moved_on(each: Survey) -> bool:
            return self._pages.step(each) not in {None, Step.CHOICE}

        return await self._tab.settle(moved_on, self._pages.markers)

    async def _whole(self, step: Step) -> Survey:
        # Fields may come one after the other, where scripts make them.
        survey = await self._tab.settle(
            lambda each: not self._pages.fields(each, step, self._given).faults
        )
        faults = self._pages.fields(survey, step, self._given).faults
        if faults:
            raise page_changed(PAGE, tuple(faults.values()), self._tab.title)
        return survey

    async def _fill(self, step: Step, survey: Survey) -> None:
        seen = self._pages.fields(survey, step, self._given).seen
        if step is Step.CODE:
            code = await self._code()
            if code is None:
                raise Stopped(Step.PERSON, survey)
            await self._tab.fill(code_field(seen), code.reveal())
            return
        for name, field in seen.items():
            await self._tab.fill(field, self._values[name])
        self._given |= seen.keys()

    async def _press(self, step: Step, survey: Survey) -> None:
        button = self._pages.button(survey, step)
        if isinstance(button, str):
            raise page_changed(PAGE, (button,), self._tab.title)
        self._tab.traffic.watch()
        await self._tab.press(button)

    async def _sent(self, step: Step, before: Survey) -> Survey:
        await self._press(step, before)
        survey = await self._answer(before)
        if self._pages.step(survey) is None:
            # A next step that scripts make may take its time on an empty page.
            survey = await self._tab.settle(self._is_something, self._pages.markers)
        return survey

    def _is_something(self, survey: Survey) -> bool:
        known = self._pages.step(survey) is not None
        return known or bool(survey.fields or survey.actions)

    async def _answer(self, before: Survey) -> Survey:
        tab = self._tab
        while True:
            await asyncio.sleep(POLL_SECONDS)
            survey = await tab.look(self._pages.markers)
            tab.check_status()
            if any(each.failed for each in tab.traffic.sent) or survey.origin != tab.origin:
                msg = f"The log-in at {tab.title} broke off or led to another address."
                raise UpstreamUnavailable(msg)
            if self._is_answer(survey, before) and not tab.traffic.loading:
                return survey

    def _is_answer(self, survey: Survey, before: Survey) -> bool:
        if survey.document != before.document:
            return survey.loaded
        moved_on = self._pages.step(survey) is not self._pages.step(before)
        return moved_on or bool(set(survey.alerts) - set(before.alerts))
