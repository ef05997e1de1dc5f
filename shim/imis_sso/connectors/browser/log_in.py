"""Logs in once, with the page as data; a refused log-in is never tried again (contract C47)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from imis_sso.connectors.base import Credential, LoginGuard
from imis_sso.connectors.browser.description import LogInDescription
from imis_sso.connectors.browser.failures import page_changed
from imis_sso.connectors.browser.structure import Comparison, compare, find_button, find_link
from imis_sso.connectors.browser.survey import SeenField, Survey
from imis_sso.connectors.browser.tab import POLL_SECONDS, Tab
from imis_sso.domain.problems import (
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamUnavailable,
)
from imis_sso.domain.secret import Secret, redact

logger = logging.getLogger(__name__)

PAGE: Final = "log-in"
_MAX_WORDS: Final = 200


class LogIn:
    """The log-in of one session.

    `address` names the account's place to the guard; `others` are the values of the fields besides
    user name and password (ValueError if they are not exactly those of the description). The
    credential is asked for at every log-in, so that a changed password is seen without a restart;
    it is kept in memory only.
    """

    def __init__(
        self,
        description: LogInDescription,
        credential: Callable[[], Awaitable[Credential]],
        guard: LoginGuard,
        *,
        address: str,
        others: Mapping[str, str],
    ) -> None:
        valued = {"username", "password", *others}
        if valued != description.fields.keys():
            msg = f"the log-in page has other fields than {', '.join(sorted(valued))}"
            raise ValueError(msg)
        self._description = description
        self._credential = credential
        self._guard = guard
        self._address = address
        self._others = others
        self._accepted: Secret | None = None
        self._tried: Secret | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The passwords that may be in what the product says."""
        return tuple(each for each in (self._accepted, self._tried) if each is not None)

    @property
    def accepted(self) -> bool:
        """Whether a log-in was accepted in this session."""
        return self._accepted is not None

    async def refuse_known(self) -> None:
        """Raise UpstreamCredentialsRefused for a credential refused before, without any request.

        While a session lives it may be none the worse for that, so it is not asked.
        """
        if not self.accepted:
            credential = await self._credential()
            await self._guard.check(self._address, credential.username, credential.password)

    def shown(self, survey: Survey) -> bool:
        """Tell whether a page is the log-in page, or the choice before it."""
        if "password" in self._compared(survey).seen:
            return True
        return bool(self._description.choice) and not isinstance(
            find_link(self._description.choice, survey), str
        )

    def _compared(self, survey: Survey) -> Comparison:
        return compare(self._description.fields, survey)

    async def perform(self, tab: Tab) -> None:
        """Log in at the log-in page that the tab shows.

        Raises UpstreamCredentialsRefused (now or earlier refused), UpstreamPageChanged, and what
        `Tab` raises.
        """
        credential = await self._credential()
        me = (self._address, credential.username, credential.password)
        async with self._guard.trying(*me):
            self._tried = credential.password
            async with tab.guarded():
                before = await self._submit(tab, credential)
                after = await self._answer(tab, before)
            if self.shown(after):
                await self._judge(after, credential, tab)
        self._accepted = credential.password
        logger.info("logged in to %s as %s", tab.title, credential.username)

    async def _submit(self, tab: Tab, credential: Credential) -> Survey:
        survey = await self._fields_shown(tab)
        values = {"username": credential.username, "password": credential.password.reveal()}
        for name, seen in self._seen(survey, tab.title).items():
            await tab.fill(seen, (values | dict(self._others))[name])
        survey = await tab.look()
        button = find_button(self._description.submit, survey)
        if isinstance(button, str):
            raise page_changed(PAGE, (button,), tab.title)
        tab.traffic.watch()
        await tab.press(button)
        return survey

    async def _fields_shown(self, tab: Tab) -> Survey:
        survey = await tab.look()
        choice = find_link(self._description.choice, survey) if self._description.choice else ""
        if not isinstance(choice, str) and "password" not in self._compared(survey).seen:
            await tab.press(choice)
        return await tab.settle(lambda each: not self._compared(each).faults)

    def _seen(self, survey: Survey, title: str) -> Mapping[str, SeenField]:
        compared = self._compared(survey)
        if compared.faults:
            raise page_changed(PAGE, tuple(compared.faults.values()), title)
        return compared.seen

    async def _answer(self, tab: Tab, before: Survey) -> Survey:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            survey = await tab.look(self._description.refused)
            tab.check_status()
            if any(each.failed for each in tab.traffic.sent) or survey.origin != tab.origin:
                msg = f"The log-in at {tab.title} broke off or led to another address."
                raise UpstreamUnavailable(msg)
            if self._is_answer(survey, before) and not tab.traffic.loading:
                return survey

    def _is_answer(self, survey: Survey, before: Survey) -> bool:
        if survey.document != before.document:
            return survey.loaded
        return not self.shown(survey) or bool(set(survey.alerts) - set(before.alerts))

    async def _judge(self, survey: Survey, credential: Credential, tab: Tab) -> None:
        """Tell a refusal from a log-in page that came for another reason."""
        said = (*survey.alerts, *survey.markers)
        if not said and self._accepted == credential.password:
            msg = f"{tab.title} shows its log-in page again and does not say why."
            raise UpstreamError(msg)
        # Inferred: a log-in page that comes back in silence, for a password that never worked
        # here, refuses it. Trying again could lock the account out (product facts 4.1).
        self._accepted = None
        await asyncio.shield(
            self._guard.remember(self._address, credential.username, credential.password)
        )
        raise _refused(survey.alerts, credential, tab.title)


def _refused(
    alerts: Sequence[str], credential: Credential, title: str
) -> UpstreamCredentialsRefused:
    words = redact(" ".join(alerts), [credential.password])[:_MAX_WORDS]
    quoted = f': "{words}"' if words else ""
    return UpstreamCredentialsRefused(
        f"{title} refused the log-in of {credential.username}{quoted}. It is not tried again until "
        "the credential changes."
    )
