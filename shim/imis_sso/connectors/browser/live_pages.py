"""The described pages of a connector as they are now: for people, nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from imis_sso.connectors.browser.description import LogInDescription, PageDescription
from imis_sso.connectors.browser.fingerprint import Changed, Fingerprint, changes, fingerprint
from imis_sso.connectors.browser.kept_log_in import LogsIn
from imis_sso.connectors.browser.listing import add_record, listed, open_record
from imis_sso.connectors.browser.page_files import LOG_IN, PageFiles
from imis_sso.connectors.browser.page_memory import PageMemory
from imis_sso.connectors.browser.recording import recorded
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.structure import compare, find_button, nearest_label
from imis_sso.connectors.browser.survey import Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View, Way
from imis_sso.domain.problems import UpstreamPageChanged


@dataclass(frozen=True)
class Fault:
    """What is not as described: `part` is a field's name, `open` or `save`; a sentence says it.

    `expected` are the described texts, `nearest` is the text on the page that is most like them.
    """

    part: str
    text: str
    expected: tuple[str, ...] = ()
    nearest: str = ""


@dataclass(frozen=True)
class Look:
    """A page beside its description and what was accepted of it.

    `labels` are those found, without any that shows a value. `seen` is None where the page could
    not be reached, and for the log-in page, of which no fingerprint is kept.
    """

    page: str
    faults: tuple[Fault, ...] = ()
    changed: tuple[Changed, ...] = ()
    labels: tuple[str, ...] = ()
    seen: Fingerprint | None = None
    accepted: Fingerprint | None = field(default=None, repr=False)

    @property
    def as_described(self) -> bool:
        """Whether nothing is other than described and accepted."""
        return not self.faults and not self.changed


@runtime_checkable
class HasPages(Protocol):
    """A connector that works on described pages."""

    @property
    def pages(self) -> LivePages:
        """Its pages, to be looked at."""

    async def aclose(self) -> None:
        """End its session."""


class LivePages:
    """Looks at the pages of a connector in its own session.

    `memory` knows what was accepted, if anything does; `seconds` bound one look.
    """

    def __init__(
        self,
        files: PageFiles,
        session: BrowserSession,
        way: Way,
        log_in: LogsIn,
        *,
        memory: PageMemory | None = None,
        seconds: float = 30.0,
    ) -> None:
        self.files = files
        self._session, self._way, self._log_in = session, way, log_in
        self._memory, self._seconds = memory, seconds

    @property
    def connector(self) -> str:
        """The connector's name."""
        return self.files.connector

    async def look_at_log_in(self) -> Look | None:
        """Look at the log-in page, without logging in; None where something else is shown.

        Raises what a session does.
        """
        described = self.files.log_in

        async def work(tab: Tab) -> Look | None:
            await tab.load(self._way.base_url)
            survey = await tab.settle(lambda each: not compare(described.fields, each).faults)
            if not self._log_in.shown(survey):
                return None
            return _log_in_look(described, survey)

        return await self._session.run(work, self._seconds)

    async def look(self, name: str) -> Look:
        """Look at a page, logging in where that is asked for.

        Raises what a session does, but for a changed page: that is what is looked for.
        """
        page = self.files.page(name)

        async def work(tab: Tab) -> View | str:
            await self._log_in.refuse_known()
            try:
                return await self._shown(tab, page)
            except UpstreamPageChanged as problem:
                return problem.detail

        view = await self._session.run(work, self._seconds)
        if isinstance(view, str):
            return Look(name, (Fault("open", view, page.open[-1]),))
        accepted = None if self._memory is None else await self._memory.accepted(name)
        return _look(name, page, view, accepted)

    async def _shown(self, tab: Tab, page: PageDescription) -> View:
        if page.records is None:
            return await self._way.look(tab, page)
        # A form behind a list: that of the first record, or the one that would add another.
        await self._way.list(tab, page)
        records = await listed(tab, page)
        await (open_record(tab, page, records[0]) if records else add_record(tab, page))
        return await self._way.form(tab, page)

    def acceptable(self, look: Look) -> Fingerprint:
        """Give what would be accepted. Raises ValueError where a page is not as described."""
        if look.seen is None or look.faults:
            msg = f"{look.page} is not as it is described: bring its page file up to date first"
            raise ValueError(msg)
        return look.seen

    async def accept(self, look: Look, who: str) -> None:
        """Accept a page as it was looked at. Raises ValueError where it is not as described."""
        seen = self.acceptable(look)
        if self._memory is not None:
            await self._memory.accept(look.page, seen, who)

    async def record(self, name: str) -> str:
        """Write a description of a page as it is now, for a person to review.

        Raises what a session does, UpstreamPageChanged included where the way does not lead there.
        """
        page = self.files.page(name)

        async def work(tab: Tab) -> View:
            await self._log_in.refuse_known()
            return await self._shown(tab, page)

        view = await self._session.run(work, self._seconds)
        return recorded(page, self.files.labels(name), view.survey)


def _look(name: str, page: PageDescription, view: View, accepted: Fingerprint | None) -> Look:
    now = fingerprint(page, view.survey, view.comparison)
    return Look(
        name,
        faults=_faults(page, view),
        changed=() if accepted is None else changes(accepted, now),
        labels=view.survey.field_labels(),
        seen=now if view.comparison.present else None,
        accepted=accepted,
    )


def _faults(page: PageDescription, view: View) -> tuple[Fault, ...]:
    labels = view.survey.field_labels()
    found = _field_faults(view.comparison.faults, page, labels)
    if page.save is not None:
        button = find_button(page.save.button, view.survey)
        if isinstance(button, str) and not button.endswith("cannot be pressed"):
            names = [each.name for each in view.survey.actions if not each.href]
            near = nearest_label(page.save.button[0], names)
            found += (Fault("save", button, page.save.button, near),)
    return found


def _field_faults(
    faults: Mapping[str, str],
    page: PageDescription | LogInDescription,
    labels: tuple[str, ...],
) -> tuple[Fault, ...]:
    names = {name: page.fields[name].names for name in faults}
    return tuple(
        Fault(name, text, names[name], nearest_label(names[name][0], labels))
        for name, text in faults.items()
    )


def _log_in_look(described: LogInDescription, survey: Survey) -> Look:
    compared = compare(described.fields, survey)
    # A page that asks for one thing after the other shows no more than the first of them.
    complete = "password" in compared.seen
    found = _field_faults(compared.faults if complete else {}, described, survey.field_labels())
    button = find_button(described.submit, survey) if complete else None
    if isinstance(button, str):
        found += (Fault("submit", button, described.submit),)
    return Look(LOG_IN, found, labels=survey.field_labels())


def as_json(look: Look) -> dict[str, Any]:
    """Give a look as JSON: structure and sentences, no value of the page."""
    return {
        "page": look.page,
        "as_described": look.as_described,
        "fingerprint": look.seen.digest if look.seen else None,
        "accepted": look.accepted.digest if look.accepted else None,
        "faults": [
            {
                "part": each.part,
                "text": each.text,
                "expected": list(each.expected),
                "nearest": each.nearest or None,
            }
            for each in look.faults
        ],
        "changes": [{"part": each.part, "text": each.text} for each in look.changed],
        "labels": list(look.labels),
    }
