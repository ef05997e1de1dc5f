"""The log-in of a session that a person began: it is used while it lasts, and never made."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from imis_sso.connectors.base import LoginGuard
from imis_sso.connectors.browser.description import LogInDescription
from imis_sso.connectors.browser.log_in_page import LogInPages
from imis_sso.connectors.browser.survey import Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.domain.kept_login import KeptLogin
from imis_sso.domain.problems import UpstreamLoginRequired
from imis_sso.domain.secret import Secret

logger = logging.getLogger(__name__)

_SHORTEST: Final = 8


class LogsIn(Protocol):
    """How a session comes to be logged in."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be in any message."""

    @property
    def accepted(self) -> bool:
        """Whether the product took the log-in in this session."""

    @property
    def times(self) -> int:
        """How many log-ins there were: another number, another session."""

    async def refuse_known(self) -> None:
        """Raise, without any request, where logging in is known to fail."""

    def shown(self, survey: Survey) -> bool:
        """Tell whether a page is one of the log-in."""

    async def perform(self, tab: Tab) -> None:
        """Log in at the log-in page that the tab shows."""

    async def current(self) -> KeptLogin | None:
        """Give the log-in of a person that the browser is to begin with; None for none."""

    async def used(self, state: KeptLogin | None) -> None:
        """Note that the page could be used, and in which state the browser is since."""


class KeptLogIn:
    """The log-in of a session that a person began (see `LogsIn`)."""

    def __init__(self, description: LogInDescription, guard: LoginGuard) -> None:
        self._pages, self._guard = LogInPages(description), guard
        self._current: KeptLogin | None = None
        self._accepted, self._times, self._warned = False, 0, False

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The cookies and what else the browser holds."""
        return () if self._current is None else held_secrets(self._current.state.storage)

    @property
    def accepted(self) -> bool:
        """Whether the product took the log-in in this session."""
        return self._accepted

    @property
    def times(self) -> int:
        """How many log-ins of persons were used."""
        return self._times

    async def refuse_known(self) -> None:
        """Raise UpstreamLoginRequired where there is no log-in, or it has ended."""
        await self._guard.kept()

    def shown(self, survey: Survey) -> bool:
        """Tell whether a page is one of the log-in."""
        return self._pages.step(survey) is not None

    async def perform(self, tab: Tab) -> None:
        """Raise UpstreamLoginRequired: the log-in has ended, and only a person can begin anew."""
        self._accepted = False
        kept = self._current
        who = ""
        if kept is not None:
            await self._guard.note_ended(kept)
            who = f" of {kept.facts.who}, {kept.facts.since:%Y-%m-%d %H:%M} UTC,"
        logger.warning("the log-in%s at %s has ended", who.rstrip(","), tab.title)
        msg = (
            f"{tab.title} shows its log-in page: the log-in{who} has ended. Run `imis-sso login "
            f"{self._guard.environment} --interactive` on a machine with a screen."
        )
        raise UpstreamLoginRequired(msg)

    async def current(self) -> KeptLogin | None:
        """Give the log-in that is kept now. Raises UpstreamLoginRequired as `refuse_known`."""
        before, self._current = self._current, await self._guard.kept()
        if before is None or before.facts.mark != self._current.facts.mark:
            self._times += 1
            self._warned = False
        self._warn(self._current)
        return self._current

    def _warn(self, kept: KeptLogin) -> None:
        if not self._warned and kept.facts.ends_soon(datetime.now(UTC)):
            self._warned = True
            logger.warning(
                "the log-in of %s ends at %s: have a person log in again, with "
                "imis-sso login %s --interactive",
                kept.facts.who,
                f"{kept.facts.ends:%Y-%m-%d %H:%M} UTC",
                self._guard.environment,
            )

    async def used(self, state: KeptLogin | None) -> None:
        """Keep what became of the log-in, where the product changed its cookies."""
        self._accepted = True
        if state is not None and self._current is not None:
            await self._guard.renew(self._current, state.state)
            self._current = state


def held_secrets(storage: Secret) -> tuple[Secret, ...]:
    """Give the values of cookies and of the local storage, but for words too short to be secret."""
    found: Mapping[str, Any] = json.loads(storage.reveal())
    values = [each["value"] for each in found.get("cookies", ())]
    for origin in found.get("origins", ()):
        values += [each["value"] for each in origin.get("localStorage", ())]
    return tuple(Secret(each) for each in values if len(each) >= _SHORTEST)
