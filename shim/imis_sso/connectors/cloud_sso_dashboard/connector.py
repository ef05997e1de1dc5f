"""The connector `cloud_sso_dashboard`: External Directories > iMIS SSO Settings, by browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Unpack
from urllib.parse import urlsplit

from imis_sso.connectors.base import Credential, LoginGuard
from imis_sso.connectors.browser import judging
from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.form import PageValues
from imis_sso.connectors.browser.kept_log_in import KeptLogIn, LogsIn
from imis_sso.connectors.browser.log_in import LogIn
from imis_sso.connectors.browser.looking import Looker, Seen
from imis_sso.connectors.browser.page_files import PageFiles, labels_of
from imis_sso.connectors.browser.pages_connector import SECRET, Common, PagesConnector
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View
from imis_sso.connectors.cloud_sso_dashboard import directories, probes
from imis_sso.domain.bindings import Binding
from imis_sso.domain.documents import ImisClient, ImisSsoSettings
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import NotFound, Problem, UnsupportedByConnector, WrongTenant
from imis_sso.domain.resources import DIRECTORIES, IMIS_SSO_PAGE, Resource
from imis_sso.domain.secret import Secret

SETTINGS: Final = "imis-sso-settings"
DIRECTORY: Final = directories.PAGE
_TITLE: Final = "Cloud SSO"
_CLOUD_ID: Final = "cloud_id"
_FIELDS: Final = frozenset(
    setting.path for model in (ImisClient, ImisSsoSettings) for setting in model.settings()
)


def page_files(pages_dir: Path | None = None) -> PageFiles:
    """Give the pages of the dashboard (product facts 4.1, 4.2), labels from the models.

    The operator's files in `pages_dir` take the place of the built-in ones.
    """
    labels = labels_of(ImisClient, ImisSsoSettings) | {_CLOUD_ID: "Cloud ID"}
    return PageFiles(
        __package__, pages_dir, labels={SETTINGS: labels, DIRECTORY: directories.labels()}
    )


class CloudSsoDashboard(PagesConnector):
    """Reads and writes iMIS SSO Settings of one Cloud ID (see the protocol `Connector`).

    `base_url` is the dashboard's address without a path; `credential` is asked for at every
    log-in; `guard` remembers refused ones; `pages_dir` has the operator's page files
    (PageFileError where one cannot be used); all else as `PagesConnector` has it.
    """

    name: Final = "cloud_sso_dashboard"
    reach: Final = Reach({IMIS_SSO_PAGE.name: _FIELDS, DIRECTORIES.name: directories.FIELDS})

    def __init__(
        self,
        base_url: str,
        cloud_id: str,
        credential: Callable[[], Awaitable[Credential]],
        guard: LoginGuard,
        *,
        pages_dir: Path | None = None,
        **common: Unpack[Common],
    ) -> None:
        files = page_files(pages_dir)
        self._page = files.page(SETTINGS)
        self._cloud_id, self._shown_cloud_id = cloud_id, ""
        # The Cloud ID is part of the log-in: another one is another attempt.
        address = f"{base_url.rstrip('/')} {cloud_id}"
        self._by_person = common.get("by_person", False)
        own = LogIn(files.log_in, credential, guard, address=address, others={_CLOUD_ID: cloud_id})
        log_in: LogsIn = KeptLogIn(files.log_in, guard) if self._by_person else own
        super().__init__(base_url, _TITLE, files, log_in, home=f"{base_url.rstrip('/')}/", **common)
        self._directories = directories.DirectoryPages(
            self._way, files.page(DIRECTORY), self._watch
        )

    def _in_play(self) -> Sequence[Secret]:
        return (*super()._in_play(), *self._directories.secrets)

    async def read(self, resource: Resource) -> Observed:
        """Load the page and read it; both of its documents come from one load (contract C3).

        Raises as the protocol says, and NotFound for a resource of another record.
        """
        work = self._directory_read(resource)
        if work is not None:
            await self._log_in.refuse_known()
            return await self._session.run(work, self._read_seconds)
        _refuse_others(resource)
        shown = await self._shown()
        values = {name: value for name, value in shown.values.items() if name in _FIELDS}
        return Observed(values, shown.secrets[SECRET])

    def _directory_read(self, resource: Resource) -> Callable[[Tab], Awaitable[Observed]] | None:
        record = resource.record
        if record == DIRECTORIES.listing.record:
            return self._directories.entries
        if record.name != DIRECTORIES.name:
            return None
        return partial(self._directories.read, binding=record.binding or Binding())

    async def _shown(self) -> PageValues:
        shown = await self._look_at(SETTINGS)
        self._shown_cloud_id = str(shown.values.get(_CLOUD_ID, ""))
        if self._by_person and self._shown_cloud_id not in {"", self._cloud_id}:
            msg = (
                f'A person logged in to the Cloud ID "{self._shown_cloud_id}", and this '
                f'environment is "{self._cloud_id}".'
            )
            raise WrongTenant(msg)
        return shown

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Load the page, compare it with its description and with `base`, fill in and save.

        Raises as the protocol says, UpstreamChanged where the page shows something else than
        `base`, and UnsupportedByConnector for anything but the page's inputs.
        """
        if resource.record.name == DIRECTORIES.name:
            await self._write_directory(resource, change, base)
            return
        _refuse_others(resource)
        _refuse_shown(self._page, change)
        await self._save(SETTINGS, change, base.values)

    async def _write_directory(self, resource: Resource, change: Change, base: Observed) -> None:
        binding = resource.record.binding or Binding()

        async def work(tab: Tab) -> None:
            await self._directories.write(tab, binding, change, base)

        await self._log_in.refuse_known()
        await self._session.run(work, self._save_seconds)

    async def tenant(self) -> Mapping[str, str]:
        """Give the Cloud ID of the session: what the page says, else what the log-in was for.

        Its version is the page's fingerprint: the product tells none. Reads the page only where
        nobody is logged in yet (contract C46).
        """
        if not self._log_in.accepted or not self._marks.get(SETTINGS, ""):
            await self._shown()
        version = {"version": self._marks.get(SETTINGS, "")}
        if self._by_person and not self._shown_cloud_id:
            return version  # where a person logged in is not known
        # Inferred: a log-in with a Cloud ID leads to that Cloud ID's dashboard (product facts 4.1).
        return {_CLOUD_ID: self._shown_cloud_id or self._cloud_id, **version}

    async def prove_login(self) -> None:
        """Do nothing: no write here can cost us our log-in."""

    async def findings(self) -> Sequence[Finding]:
        """Look at the log-in page and at the settings page, and judge them; nothing is filled in.

        What stands in the way is a finding, never an error.
        """
        seen = Seen()

        async def work(tab: Tab) -> View:
            looker = Looker(self._log_in, self.pages.files.log_in, self._way, self._in_words)
            await looker.log_in_page(tab, seen)
            return await looker.page(tab, probes.PAGE, self._page, seen)

        try:
            await self._log_in.refuse_known()
            view = await self._session.run(work, 2 * self._read_seconds)
            readable = not view.comparison.faults
            secret = (await self._shown()).secrets[SECRET] if readable else None
        except Problem as problem:
            return judging.unreached(probes.SUBJECT, problem, seen, accepted=self._log_in.accepted)
        shown = self._shown_cloud_id, self._cloud_id
        found = probes.findings(self._page, view, seen, secret, shown)
        return (*found, *await self._directory_findings())

    async def _directory_findings(self) -> Sequence[Finding]:
        try:
            entries = (await self.read(DIRECTORIES.listing)).entries
            for each in entries[:1]:
                first = DIRECTORIES.item("first").bound(Binding(each.record, each.name))
                await self.read(first)
        except Problem as problem:
            return (probes.no_directories(problem),)
        return probes.directories(len(entries))

    def _in_words(self) -> Sequence[str]:
        host = urlsplit(self._way.base_url).hostname or ""
        return (*(each.reveal() for each in self._in_play()), self._cloud_id, host)


def _refuse_others(resource: Resource) -> None:
    if resource.record != IMIS_SSO_PAGE:
        msg = f"The dashboard of Cloud SSO has no {resource.path}."
        raise NotFound(msg)


def _refuse_shown(page: PageDescription, change: Change) -> None:
    inputs = {name for name, field in page.fields.items() if field.writable}
    refused = sorted(change.values.keys() - inputs)
    if change.secret is not None:
        refused.append(SECRET)
    if refused:
        msg = f"Cloud SSO only shows {', '.join(refused)}; it cannot be set."
        raise UnsupportedByConnector(msg)
