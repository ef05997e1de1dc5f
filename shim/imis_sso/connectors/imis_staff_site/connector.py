"""The connector `imis_staff_site`: Settings > Contacts > OpenID Connect, by browser."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Unpack
from urllib.parse import urlsplit

from imis_sso.connectors.base import Credential, LoginGuard
from imis_sso.connectors.browser.form import PageValues
from imis_sso.connectors.browser.kept_log_in import KeptLogIn
from imis_sso.connectors.browser.log_in import LogIn
from imis_sso.connectors.browser.looking import Looker, Seen
from imis_sso.connectors.browser.pages_connector import SECRET, Common, PagesConnector
from imis_sso.connectors.browser.structure import find_link
from imis_sso.connectors.browser.survey import SeenAction, Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View
from imis_sso.connectors.imis_staff_site import probes
from imis_sso.connectors.imis_staff_site.licence import licensed
from imis_sso.connectors.imis_staff_site.pages import (
    ABOUT_PAGE,
    LICENSED_FEATURES,
    OPENID_CONNECT_PAGE,
    ORGANISATION,
    VERSION,
    page_files,
)
from imis_sso.domain.documents import Licence
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import (
    FieldError,
    NotFound,
    Problem,
    UnsupportedByConnector,
    UpstreamError,
    UpstreamNotLicensed,
    UpstreamPageChanged,
)
from imis_sso.domain.resources import ABOUT_IMIS, OPENID_PROVIDER, Resource
from imis_sso.domain.secret import Unreadable

logger = logging.getLogger(__name__)

_TITLE: Final = "The Staff site of iMIS"
_LICENCE: Final = "openid_connect"
# Of a read and of a write. An edit of a live pair is verified before and after it, and may be put
# back, all in one request: longer ones would leave no time to look at the pair first (C33).
_SECONDS: Final = 12.0


class ImisStaffSite(PagesConnector):
    """Reads and writes the page OpenID Connect of one iMIS (see the protocol `Connector`).

    `base_url` is iMIS's address without a path, `staff_path` where the Staff site lies below it;
    `credential` is asked for at every log-in; `guard` remembers refused ones, under the address
    that the REST connector uses, too: it is one account. `pages_dir` has the operator's page files
    (PageFileError where one cannot be used). All else as `PagesConnector` has it.
    """

    name: Final = "imis_staff_site"

    def __init__(
        self,
        base_url: str,
        credential: Callable[[], Awaitable[Credential]],
        guard: LoginGuard,
        *,
        staff_path: str = "/Staff",
        pages_dir: Path | None = None,
        **common: Unpack[Common],
    ) -> None:
        files = page_files(pages_dir)
        self._page = files.page(OPENID_CONNECT_PAGE)
        self._new_log_in: Callable[[], LogIn] = lambda: LogIn(
            files.log_in, credential, guard, address=base_url, others={}
        )
        home = f"{base_url.rstrip('/')}/{staff_path.strip('/')}"
        self._by_person = common.get("by_person", False)
        log_in = KeptLogIn(files.log_in, guard) if self._by_person else self._new_log_in()
        paced: Common = {"read_seconds": _SECONDS, "save_seconds": _SECONDS, **common}
        super().__init__(base_url, _TITLE, files, log_in, home=home, **paced)
        self._about: tuple[int, Mapping[str, str | bool]] = (0, {})
        self._untouched: bool | None = None
        """Whether an untouched password box kept its secret, as far as anything showed it."""
        self._watched = False

    @property
    def reach(self) -> Reach:
        """What the page file names; all else has no label that is known (product facts 3.5)."""
        fields = self._page.fields
        named = frozenset(name for name, field in fields.items() if not field.secret)
        return Reach({OPENID_PROVIDER.name: named, ABOUT_IMIS.name: frozenset({_LICENCE})})

    async def read(self, resource: Resource) -> Observed:
        """Load the page and read it; both of its documents come from one load (contract C3).

        The page of an iMIS without a record is a form, too, so there is always something to show.
        Raises as the protocol says, and NotFound for a resource of another product.
        """
        if resource.record == ABOUT_IMIS:
            return Observed({_LICENCE: await self._licence()})
        _refuse_others(resource)
        shown = await self._shown()
        self._notice_mask(shown)
        return Observed(shown.values, shown.secrets[SECRET])

    async def _shown(self) -> PageValues:
        try:
            return await self._look_at(OPENID_CONNECT_PAGE)
        except UpstreamPageChanged:
            # A page may be missing because nobody bought it: that is another thing to do about.
            if await self._is_unlicensed():
                msg = "iMIS does not list OpenID Connect among its licensed features."
                raise UpstreamNotLicensed(msg) from None
            raise

    async def _is_unlicensed(self) -> bool:
        try:
            return await self._licence() == "not_licensed"
        except Problem:
            return False  # what was wrong before it is what there is to tell

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Load the page, compare it with its description and with `base`, fill in and save.

        A password box that the change has no secret for is left as it is: no mask is ever typed.
        Raises as the protocol says, UpstreamChanged where the page shows something else than
        `base`, and UnsupportedByConnector for what no page file names.
        """
        _refuse_others(resource)
        _refuse_unnamed(change, self.reach.fields[OPENID_PROVIDER.name])
        await self._save(OPENID_CONNECT_PAGE, change, base.values)
        self._watched = change.secret is None and base.secret is Unreadable.MASKED

    def _notice_mask(self, shown: PageValues) -> None:
        """See after a save whether the mask of an untouched password box is still there."""
        if not self._watched:
            return
        self._watched, self._untouched = False, shown.secrets[SECRET] is not Unreadable.ABSENT
        if not self._untouched:
            logger.error("a save that left the client secret alone has wiped it, so the page shows")

    async def tenant(self) -> Mapping[str, str]:
        """Give the licensed organisation and the version, where About iMIS names them (C46).

        Read once a log-in session. The id of the record is on no page.
        """
        about = await self._about_imis()
        told = {name: str(about.get(name, "")) for name in (ORGANISATION, VERSION)}
        return {name: text for name, text in told.items() if text}

    async def prove_login(self) -> None:
        """Log in afresh in a browser window of its own, and see that the Staff site lets us in.

        Where a person logs in there is nothing to be proved: system administrators keep their
        credentials in every mode (product facts 3.1), and the living session puts the mode back.
        """
        if self._by_person:
            return
        log_in = self._new_log_in()
        first = self._page.open[0]

        async def work(tab: Tab) -> None:
            await tab.load(self._home)
            if not log_in.shown(await tab.settle(log_in.shown)):
                msg = f"{_TITLE} asks a browser that it does not know for no log-in."
                raise UpstreamError(msg)
            if not await log_in.prove(tab):
                return
            survey = await tab.settle(lambda each: _leads(first, each))
            if not _leads(first, survey):
                msg = f"{_TITLE} took the log-in and does not show its navigation."
                raise UpstreamError(msg)

        await self._session.run_apart(work, self._read_seconds)

    async def _licence(self) -> str:
        """Tell what the list says; `unknown` where the page has no such list (facts 3.4)."""
        try:
            found = await self._read_about()
        except UpstreamPageChanged as problem:
            logger.warning("the licence cannot be told: %s", problem.detail)
            return str(Licence.defaults()[_LICENCE])
        return licensed(str(found[LICENSED_FEATURES]))

    async def _about_imis(self) -> Mapping[str, str | bool]:
        """Give About iMIS as it was at the beginning of this log-in session."""
        session, found = self._about
        if session == 0 or session != self._log_in.times:
            try:
                found = await self._read_about()
            except UpstreamPageChanged as problem:
                logger.warning("the tenant cannot be told: %s", problem.detail)
                found = {}
            self._about = self._log_in.times, found
        return found

    async def _read_about(self) -> Mapping[str, str | bool]:
        return (await self._look_at(ABOUT_PAGE)).values

    async def findings(self) -> Sequence[Finding]:
        """Look at the log-in page, the settings page and About iMIS; nothing is filled in."""
        seen = Seen()
        found = list(await self._page_findings(seen))
        if any(each.held is not True for each in found if each.claim == probes.SUBJECT.log_in):
            return found
        return (*found, *await self._about_findings(seen))

    async def _page_findings(self, seen: Seen) -> Sequence[Finding]:
        async def work(tab: Tab) -> View:
            await self._looker.log_in_page(tab, seen)
            return await self._looker.page(tab, probes.PAGE, self._page, seen)

        try:
            await self._log_in.refuse_known()
            view = await self._session.run(work, 2 * self._read_seconds)
            fits = not view.comparison.faults
            secret = (await self._shown()).secrets[SECRET] if fits else None
        except Problem as problem:
            return probes.lost(probes.SUBJECT, problem, seen, accepted=self._log_in.accepted)
        return probes.page_findings(self._page, view, seen, secret, self._untouched)

    async def _about_findings(self, seen: Seen) -> Sequence[Finding]:
        page = self._files.page(ABOUT_PAGE)

        async def work(tab: Tab) -> View:
            return await self._looker.page(tab, probes.ABOUT, page, seen)

        try:
            view = await self._session.run(work, self._read_seconds)
            about = None if view.comparison.faults else await self._read_about()
        except Problem as problem:
            return probes.lost(probes.ABOUT_SUBJECT, problem, seen, accepted=True)
        return probes.about_findings(page, view, seen, about)

    @property
    def _looker(self) -> Looker:
        return Looker(self._log_in, self._files.log_in, self._way, self._in_words)

    def _in_words(self) -> Sequence[str]:
        host = urlsplit(self._home).hostname or ""
        return (*(each.reveal() for each in self._in_play()), host)


def _leads(names: Sequence[str], survey: Survey) -> bool:
    return isinstance(find_link(names, survey), SeenAction)


def _refuse_others(resource: Resource) -> None:
    if resource.record != OPENID_PROVIDER:
        msg = f"The Staff site of iMIS has no {resource.path}."
        raise NotFound(msg)


def _refuse_unnamed(change: Change, named: frozenset[str]) -> None:
    refused = sorted(change.values.keys() - named)
    if refused:
        errors = [FieldError(each, "is on no page that a page file names") for each in refused]
        msg = f"the connector imis_staff_site cannot reach {', '.join(refused)}"
        raise UnsupportedByConnector(msg, errors)
