"""Presses Save and waits until it is over; whether it worked, only a fresh page can tell.

From the press on, every failure is a `WriteUncertain`: a toast is a hint and an error banner is
quoted, but what the product holds is read afterwards (product facts 3.5). Save is pressed once.
Chromium by itself repeats a request, a form's too, whose connection breaks before any answer; it
then carries the same values within the same moment, and its answer is judged like any other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.failures import (
    page_changed,
    quoted_refusal,
    refused_status,
)
from imis_sso.connectors.browser.structure import compare, find_button
from imis_sso.connectors.browser.survey import SeenAction, Survey
from imis_sso.connectors.browser.tab import POLL_SECONDS, Tab
from imis_sso.connectors.browser.traffic import Sent
from imis_sso.domain.problems import Problem, UpstreamError, UpstreamRefused, UpstreamUnavailable

_MAX_WORDS: Final = 200
# How long it may take until anything is sent at all.
_SEND_SECONDS: Final = 5.0
_CLIENT_ERROR: Final = 400


async def save(tab: Tab, page: PageDescription, before: Survey, button: SeenAction) -> None:
    """Press Save and wait for the end of it.

    Raises WriteUncertain with what was seen, where anything but a plain success was.
    """
    if page.save is not None and page.save.confirm:
        tab.dialogs.expect_question()
    tab.traffic.watch()
    tab.pressed_save = True
    try:
        await tab.press(button)
        problem = await outcome(tab, page, before, _saved(page))
    finally:
        tab.dialogs.expect_none()
    if problem is not None:
        raise WriteUncertain(problem)


@dataclass(frozen=True)
class Deed:
    """What a button was pressed for: its control and itself for messages, and how its end is seen.

    `agree` are texts of the button that agrees where the page asks. `done` tells of a page that it
    shows the deed done, which ends the waiting; `shown` whether it can be what follows the deed.
    """

    control: str
    words: str
    agree: Sequence[str]
    done: Callable[[Survey], bool]
    shown: Callable[[Survey], bool]


def _saved(page: PageDescription) -> Deed:
    return Deed(
        "its save button",
        "the save",
        () if page.save is None else page.save.agree,
        done=lambda _: False,
        shown=lambda survey: compare(page.fields, survey).present,
    )


async def outcome(tab: Tab, page: PageDescription, before: Survey, deed: Deed) -> Problem | None:
    """Wait for the end of what was just begun; None is a success as far as can be seen."""
    return await _Waiting(tab, page, before, deed).outcome()


class _Waiting:
    def __init__(self, tab: Tab, page: PageDescription, before: Survey, deed: Deed) -> None:
        self._tab, self._page, self._before, self._deed = tab, page, before, deed
        self._pressed_at = time.monotonic()
        self._answered_at: float | None = None
        self._agreed = False

    async def outcome(self) -> Problem | None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            survey = await self._tab.look()
            await self._agree(survey)
            verdict = self._failure(survey) or self._refusal(survey)
            if verdict is not None:
                return verdict
            if self._is_answered(survey):
                if self._says_success(survey) or self._deed.done(survey):
                    return None
                # Also on a page that came anew: a banner of refusal may be shown by a script.
                if self._waited():
                    return self._silent_failure(survey)

    async def _agree(self, survey: Survey) -> None:
        """Answer the question that the page itself asks, in a dialog that was not there; once."""
        names = self._deed.agree
        asked = [each for each in survey.actions if each.modal]
        if self._agreed or not names or any(each.modal for each in self._before.actions):
            return
        button = find_button(names, replace(survey, actions=tuple(asked)))
        if isinstance(button, SeenAction):
            self._agreed = True
            await self._tab.press(button)

    def _failure(self, survey: Survey) -> Problem | None:
        tab = self._tab
        if tab.dialogs.declined:
            fault = "it asks a question that was declined"
            return page_changed(self._page.title, (fault,), tab.title)
        for each in tab.traffic.sent:
            problem = _failed(each, tab.title, self._deed.words)
            if problem is not None:
                return problem
        if not tab.traffic.sent and time.monotonic() - self._pressed_at > _SEND_SECONDS:
            return page_changed(self._page.title, (self._sent_nothing(survey),), tab.title)
        return None

    def _sent_nothing(self, survey: Survey) -> str:
        asked = [each.name for each in survey.actions if each.modal and each.enabled]
        if not asked:
            return f"{self._deed.control} sends nothing"
        named = ", ".join(f'"{each}"' for each in asked)[:_MAX_WORDS]
        return f"it asks a question that is not described ({self._tab.redacted(named)})"

    def _refusal(self, survey: Survey) -> Problem | None:
        new = [each for each in survey.alerts if each not in self._before.alerts]
        if not new or self._is_success(new):
            return None
        return quoted_refusal(self._tab.redacted(" ".join(new))[:_MAX_WORDS], self._tab.title)

    def _is_success(self, words: list[str]) -> bool:
        evidence = () if self._page.save is None else self._page.save.evidence
        said = " ".join(words).casefold()
        return any(each.casefold() in said for each in evidence)

    def _is_answered(self, survey: Survey) -> bool:
        sent = self._tab.traffic.sent
        if not sent or not all(each.over for each in sent) or not survey.loaded:
            self._answered_at = None
            return False
        self._answered_at = self._answered_at or time.monotonic()
        return True

    def _says_success(self, survey: Survey) -> bool:
        old = {*self._before.statuses, *self._before.alerts}
        said = [each for each in (*survey.statuses, *survey.alerts) if each not in old]
        return self._is_success(said)

    def _waited(self) -> bool:
        # A word of success or refusal may come as late as a field may.
        since = self._answered_at
        return since is not None and time.monotonic() - since > self._tab.settle_seconds

    def _silent_failure(self, survey: Survey) -> Problem | None:
        title = self._tab.title
        status = max((each.status or 0 for each in self._tab.traffic.sent), default=0)
        if status >= _CLIENT_ERROR:
            return _refused(status, title, self._deed.words)
        if not self._deed.shown(survey):
            return UpstreamError(
                f"{title} showed another page after {self._deed.words}; the log-in may have ended."
            )
        return None


def _failed(sent: Sent, title: str, deed: str) -> Problem | None:
    # The status first: Chromium calls a page failed that has an error status and no text.
    problem = sent.status and refused_status(sent.status, sent.retry_after, title)
    if problem or not sent.failed:
        return problem or None
    if sent.status is not None and sent.status >= _CLIENT_ERROR:
        return _refused(sent.status, title, deed)
    return UpstreamUnavailable(f"The connection to {title} broke during {deed}.")


def _refused(status: int, title: str, deed: str) -> UpstreamRefused:
    return UpstreamRefused(f"{title} answered {deed} with status {status}.")
