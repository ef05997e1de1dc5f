"""What every connector that drives pages has in common: a log-in, a way, a warm browser."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypedDict, Unpack

from imis_sso.connectors.browser.form import FieldValues, PageValues, read_form
from imis_sso.connectors.browser.idle import IDLE_SECONDS
from imis_sso.connectors.browser.kept_log_in import LogsIn
from imis_sso.connectors.browser.live_pages import LivePages
from imis_sso.connectors.browser.page_files import PageFiles
from imis_sso.connectors.browser.page_memory import PageMemory, PageWatch
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View, Way
from imis_sso.connectors.browser.writing import write_page
from imis_sso.connectors.pace import Pace
from imis_sso.connectors.proxy import FindProxy, no_proxy
from imis_sso.domain.observed import Change
from imis_sso.domain.secret import ObservedSecret, Secret, Unreadable

SECRET: Final = "client_secret"  # noqa: S105  # the name of a field


class Common(TypedDict, total=False):
    """What may be said of every such connector.

    `ca_file` is a private authority; `captures_dir` takes descriptions of changed pages; `memory`
    knows what was accepted of the pages; `read_seconds` and `save_seconds` bound one read and one
    write; `settle_seconds` is how long a quiet page may take to show its fields; `uses_per_second`
    is how many reads and writes there are at the most; a browser that is not used for
    `idle_seconds` is ended; `by_person` uses the log-in that a person made, and the service's own
    credential never; `proxy` is on the way, where there is one; `user_agent` is added to what the
    browser calls itself.
    """

    ca_file: Path | None
    captures_dir: Path | None
    memory: PageMemory | None
    read_seconds: float
    save_seconds: float
    settle_seconds: float
    uses_per_second: int
    idle_seconds: float
    by_person: bool
    proxy: FindProxy
    user_agent: str


class PagesConnector:
    """The pages of one product, in one browser that stays logged in.

    `base_url` is the product's address without a path, `home` the page that the way begins at;
    `title` names the product in messages; `files` describe the pages. Nothing is started before the
    first use.
    """

    def __init__(
        self,
        base_url: str,
        title: str,
        files: PageFiles,
        log_in: LogsIn,
        *,
        home: str,
        **common: Unpack[Common],
    ) -> None:
        self._files, self._log_in, self._home = files, log_in, home
        self._read_seconds = common.get("read_seconds", 15.0)
        self._save_seconds = common.get("save_seconds", 15.0)
        self._secret: ObservedSecret = Unreadable.ABSENT
        self._typed: Secret | None = None
        self._marks: dict[str, str] = {}
        """Fingerprints of the pages as they were read last."""
        self._way = Way(home, log_in)
        self._session = BrowserSession(
            base_url,
            title,
            secrets=self._in_play,
            ca_file=common.get("ca_file"),
            captures=common.get("captures_dir"),
            settle_seconds=common.get("settle_seconds", 2.5),
            pace=Pace(common.get("uses_per_second", 5)),
            idle_seconds=common.get("idle_seconds", IDLE_SECONDS),
            log_in=log_in,
            proxy=common.get("proxy", no_proxy),
            user_agent=common.get("user_agent", ""),
        )
        memory = common.get("memory")
        self._watch = PageWatch(memory, title)
        self.pages = LivePages(files, self._session, self._way, log_in, memory=memory)

    @property
    def write_seconds(self) -> float:
        """Seconds that a write with its read-back may take at the most (contract C33)."""
        return self._save_seconds + self._read_seconds

    def _in_play(self) -> Sequence[Secret]:
        # What was typed may come back in the words of a refusal.
        known = (self._secret, self._typed)
        return (*self._log_in.secrets, *(each for each in known if isinstance(each, Secret)))

    async def _look_at(self, name: str) -> PageValues:
        """Load a page and read it; its client secret, if it has one, is kept out of all words."""
        await self._log_in.refuse_known()
        return await self._session.run(partial(self._read, name), self._read_seconds)

    async def _read(self, name: str, tab: Tab) -> PageValues:
        page = self._files.page(name)
        view = await self._way.open(tab, page)
        shown = await read_form(tab, page, view)
        self._marks[name] = (await self._watch.reading(name, page, view)).digest
        self._secret = shown.secrets.get(SECRET, self._secret)
        return shown

    async def _save(self, name: str, change: Change, base: FieldValues) -> None:
        """Load a page, compare it with its description and with `base`, fill in and save.

        A browser cannot save a page without loading it; what it then shows must still be `base`,
        else UpstreamChanged.
        """
        page = self._files.page(name)
        self._typed = change.secret or self._typed
        secrets = {} if change.secret is None else {SECRET: change.secret}

        async def work(tab: Tab) -> None:
            async def opened() -> View:
                view = await self._way.open(tab, page)
                await self._watch.writing(name, page, view, {*change.values, *secrets})
                return view

            await write_page(
                tab, self._way, page, opened, change=change.values, base=base, secrets=secrets
            )

        await self._log_in.refuse_known()
        await self._session.run(work, self._save_seconds)

    async def aclose(self) -> None:
        """End the browser; nothing of the session is kept."""
        await self._session.aclose()
