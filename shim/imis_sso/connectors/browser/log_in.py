"""Logs in once, with the pages as data; a refused log-in is never tried again (contract C47)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from imis_sso.connectors.base import Credential, LoginGuard
from imis_sso.connectors.browser.description import LogInDescription
from imis_sso.connectors.browser.log_in_page import LogInPages, Step
from imis_sso.connectors.browser.log_in_steps import Stopped, Walk
from imis_sso.connectors.browser.one_time_codes import CodeUsed, OneTimeCodes
from imis_sso.connectors.browser.survey import Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.domain.kept_login import KeptLogin
from imis_sso.domain.problems import (
    Problem,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamLoginRequired,
)
from imis_sso.domain.secret import Secret, redact

logger = logging.getLogger(__name__)

_MAX_WORDS: Final = 200
_AGAIN: Final = "It is not tried again until the credential changes."
_BY_A_PERSON: Final = (
    "Set the source of its one-time codes (totp) in the registry, or `login: interactive` and run "
    "`imis-sso login {} --interactive` on a machine with a screen."
)


class LogIn:
    """The log-in of one session.

    `address` names the account's place to the guard; `others` are the values of the fields besides
    user name and password (ValueError if they are not exactly those of the description). The
    credential is asked for at every log-in, so that a changed password is seen without a restart;
    it is kept in memory only. `codes` gives one-time codes where the product asks for them.
    """

    def __init__(
        self,
        description: LogInDescription,
        credential: Callable[[], Awaitable[Credential]],
        guard: LoginGuard,
        *,
        address: str,
        others: Mapping[str, str],
        codes: OneTimeCodes | None = None,
    ) -> None:
        valued = {"username", "password", *others}
        if valued != description.fields.keys():
            msg = f"the log-in page has other fields than {', '.join(sorted(valued))}"
            raise ValueError(msg)
        self._pages = LogInPages(description)
        self._credential = credential
        self._guard, self._codes = guard, codes or OneTimeCodes(guard)
        self._address = address
        self._others = others
        self._accepted: Secret | None = None
        self._tried: Secret | None = None
        self._code: Secret | None = None
        self._wants_person: Secret | None = None
        self.times = 0
        """How often a log-in was accepted: another one is another session."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The passwords and the code that may be in what the product says."""
        known = (self._accepted, self._tried, self._code)
        return tuple(each for each in known if each is not None)

    @property
    def accepted(self) -> bool:
        """Whether a log-in was accepted in this session."""
        return self._accepted is not None

    async def refuse_known(self) -> None:
        """Raise UpstreamCredentialsRefused for a credential refused before, without any request.

        While a session lives it may be none the worse for that, so it is not asked. Raises
        UpstreamLoginRequired instead where it was only the second factor that we did not have.
        """
        if not self.accepted:
            credential = await self._credential()
            await self._guard.check(self._address, credential.username, credential.password)
            await self._refuse_second(credential)

    async def _refuse_second(self, credential: Credential) -> None:
        both = _both(credential)
        try:
            await self._guard.check(self._second_address, credential.username, both)
        except UpstreamCredentialsRefused:
            if self._wants_person == both:
                raise self._person_needed("The product", credential) from None
            raise

    @property
    def _second_address(self) -> str:
        # Another secret of the codes is another attempt; a refused password is refused with any.
        return f"{self._address} second factor"

    def shown(self, survey: Survey) -> bool:
        """Tell whether a page is one of the log-in."""
        return self._pages.step(survey) is not None

    async def prove(self, tab: Tab) -> bool:
        """Log in as `perform` does, or as far as that is possible now; tells whether to the end.

        Where this period's one-time code is used, nobody waits for the next: it ends where the code
        is asked for. Inferred: a product asks for it only when it has taken the password.
        """
        try:
            await self.perform(tab, wait=False)
        except CodeUsed:
            logger.info("%s took the password; its code is not proved again", tab.title)
            return False
        return True

    async def perform(self, tab: Tab, *, wait: bool = True) -> None:
        """Log in at the log-in page that the tab shows, step by step.

        Raises UpstreamCredentialsRefused (now or earlier refused), UpstreamLoginRequired where a
        second factor is asked for that we do not have, UpstreamPageChanged, Busy where no fresh
        one-time code is to be had, and what `Tab` raises.
        """
        credential = await self._credential()
        me = (self._address, credential.username, credential.password)
        async with self._guard.trying(*me):
            await self._refuse_second(credential)
            self._tried = credential.password
            coder = self._coder(credential, tab, wait=wait)
            walk = Walk(tab, self._pages, self._values(credential), coder)
            try:
                async with tab.guarded():
                    await walk.to_the_end()
            except Stopped as stopped:
                await self._judge(stopped, credential, tab)
        self._accepted, self._wants_person = credential.password, None
        self.times += 1
        logger.info("logged in to %s as %s", tab.title, credential.username)

    async def current(self) -> KeptLogin | None:
        """Give None: the browser begins with nothing, and logs in itself."""
        return None

    async def used(self, state: KeptLogin | None) -> None:
        """Do nothing: the session is kept in memory only."""

    def _values(self, credential: Credential) -> Mapping[str, str]:
        password = credential.password.reveal()
        return {"username": credential.username, "password": password, **self._others}

    def _coder(
        self, credential: Credential, tab: Tab, *, wait: bool
    ) -> Callable[[], Awaitable[Secret | None]]:
        async def code() -> Secret | None:
            if credential.totp is None:
                return None
            self._code = await self._codes.next(credential.totp, tab.title, wait=wait)
            return self._code

        return code

    async def _judge(self, stopped: Stopped, credential: Credential, tab: Tab) -> None:
        """Tell a refusal from a log-in page that came for another reason, and raise it."""
        said = self._pages.said(stopped.survey)
        if stopped.at is Step.PERSON:
            self._wants_person = _both(credential)
            await self._remember_second(credential)
            raise self._person_needed(tab.title, credential)
        if stopped.at is Step.CODE:
            await self._remember_second(credential)
            raise self._refused(stopped.survey, f"the one-time code of {credential.username}", tab)
        was_accepted = self._accepted == credential.password or stopped.at is Step.CHOICE
        if not said and was_accepted:
            msg = f"{tab.title} shows its log-in page again and does not say why."
            raise UpstreamError(msg)
        # Inferred: a log-in page that comes back in silence, for a password that never worked
        # here, refuses it. Trying again could lock the account out (product facts 4.1).
        self._accepted = None
        await asyncio.shield(
            self._guard.remember(self._address, credential.username, credential.password)
        )
        raise self._refused(stopped.survey, f"the log-in of {credential.username}", tab)

    def _person_needed(self, title: str, credential: Credential) -> UpstreamLoginRequired:
        return UpstreamLoginRequired(
            f"{title} asks {credential.username} for a second factor that the service does not "
            f"have. {_BY_A_PERSON.format(self._guard.environment)}"
        )

    async def _remember_second(self, credential: Credential) -> None:
        self._accepted = None
        place = (self._second_address, credential.username, _both(credential))
        await asyncio.shield(self._guard.remember(*place))

    def _refused(self, survey: Survey, what: str, tab: Tab) -> Problem:
        words = redact(" ".join(survey.alerts), self.secrets)[:_MAX_WORDS]
        quoted = f': "{words}"' if words else ""
        return UpstreamCredentialsRefused(f"{tab.title} refused {what}{quoted}. {_AGAIN}")


def _both(credential: Credential) -> Secret:
    totp = "" if credential.totp is None else credential.totp.reveal()
    return Secret(f"{credential.password.reveal()}\x00{totp}")
