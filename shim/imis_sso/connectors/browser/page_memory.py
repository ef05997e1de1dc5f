"""What a page was like when it was accepted, kept by the service (facts of the kind `page`).

Under `<connector>/<page>` is the accepted fingerprint: of the first sight, by nobody, or accepted
by a person later. Under the same key with `#seen` is what differed when the page was last seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.fingerprint import Changed, Fingerprint, changes, fingerprint
from imis_sso.connectors.browser.way import View
from imis_sso.domain.facts import Fact, FactKind
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import UpstreamPageChanged

logger = logging.getLogger(__name__)

_KIND: Final = "page"
SEEN: Final = "#seen"
STORE_SECONDS: Final = 2.0
_MAX_CHANGES: Final = 20


class PageFacts(Protocol):
    """The store's facts, as far as pages need them. Raises StoreUnavailable."""

    async def get(self, environment: str, kind: FactKind, key: str) -> Fact | None:
        """Give what is known under a key."""

    async def put(self, fact: Fact) -> None:
        """Keep a fact in place of what was known."""

    async def add(self, fact: Fact) -> bool:
        """Keep a fact unless one is known."""

    async def forget(self, environment: str, kind: FactKind, key: str) -> bool:
        """Forget what is known under a key."""


@dataclass(frozen=True)
class PageMemory:
    """The accepted fingerprints of one connector's pages in one environment."""

    facts: PageFacts
    environment: str
    connector: str

    def _key(self, name: str) -> str:
        return f"{self.connector}/{name}"

    async def accepted(self, name: str) -> Fingerprint | None:
        """Give a page's accepted fingerprint, None before the first sight of it."""
        fact = await self.facts.get(self.environment, _KIND, self._key(name))
        return None if fact is None else Fingerprint.of_json(fact.content["parts"])

    async def first(self, name: str, seen: Fingerprint) -> None:
        """Accept a page as it was first seen; another process may have been first."""
        await self.facts.add(self._fact(name, seen, ""))

    async def accept(self, name: str, seen: Fingerprint, who: str) -> None:
        """Accept a page as it is now."""
        await self.facts.put(self._fact(name, seen, who))
        await self.notice(name, seen, ())

    def _fact(self, name: str, seen: Fingerprint, who: str) -> Fact:
        content = {"fingerprint": seen.digest, "parts": seen.as_json()}
        return Fact(self.environment, _KIND, self._key(name), content, who)

    async def grown(self, name: str, accepted: Fingerprint) -> None:
        """Keep an accepted fingerprint to which fields were added that were never seen before."""
        fact = await self.facts.get(self.environment, _KIND, self._key(name))
        await self.facts.put(self._fact(name, accepted, fact.who if fact else ""))

    async def notice(self, name: str, seen: Fingerprint, found: Sequence[Changed]) -> None:
        """Keep what differs now, for `/status`; nothing is kept where nothing does."""
        key = self._key(name) + SEEN
        if not found:
            await self.facts.forget(self.environment, _KIND, key)
            return
        texts = [each.text for each in found[:_MAX_CHANGES]]
        content = {"fingerprint": seen.digest, "changes": texts}
        await self.facts.put(Fact(self.environment, _KIND, key, content))


class PageWatch:
    """Compares the pages of a connector with what was accepted, each time that one is used.

    `title` is the product's name for messages. Without a memory nothing is compared. Where the
    store cannot be asked, that is logged and the page's description alone decides: lowering the
    mode must not wait for the store (contract 1.2).
    """

    def __init__(self, memory: PageMemory | None, title: str) -> None:
        self._memory, self._title = memory, title
        self._told: dict[str, str] = {}

    async def reading(self, name: str, page: PageDescription, view: View) -> Fingerprint:
        """Warn of what changed on a page that is read; the first sight of it is accepted.

        Gives the page's fingerprint as it is now.
        """
        now = fingerprint(page, view.survey, view.comparison)
        await self._found(name, page, now)
        return now

    async def writing(
        self, name: str, page: PageDescription, view: View, touched: Collection[str]
    ) -> None:
        """Refuse a page on which the named fields or the way to save are not as accepted.

        Raises UpstreamPageChanged; nothing was written. Other changes are warnings.
        """
        if view.comparison.blocking(touched):
            return  # the description says so already, and better
        now = fingerprint(page, view.survey, view.comparison)
        found = await self._found(name, page, now, grow=True)
        blocking = [each.text for each in found if each.part in {*touched, "save"}]
        if blocking and self._memory is not None:
            raise UpstreamPageChanged(
                f'The page "{page.title}" of {self._title} changed since it was accepted: '
                f"{'; '.join(blocking)}. Nothing was written. Look at it, then accept it: "
                f"imis-sso pages accept {self._memory.environment} {name}"
            )

    async def _found(
        self, name: str, page: PageDescription, now: Fingerprint, *, grow: bool = False
    ) -> tuple[Changed, ...]:
        if self._memory is None:
            return ()
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await self._compared(self._memory, name, page, now, grow=grow)
        except (StoreUnavailable, TimeoutError) as error:
            logger.warning('the page "%s" is not compared: %s', page.title, error)
            return ()

    async def _compared(
        self,
        memory: PageMemory,
        name: str,
        page: PageDescription,
        now: Fingerprint,
        *,
        grow: bool,
    ) -> tuple[Changed, ...]:
        accepted = await memory.accepted(name)
        if accepted is None:
            await memory.first(name, now)
            return ()
        new = {key: part for key, part in now.fields.items() if key not in accepted.fields}
        if grow and new:
            await memory.grown(name, accepted.with_fields(new))
        found = changes(accepted, now)
        state = now.digest if found else ""
        if self._told.get(name) != state:
            self._told[name] = state
            await memory.notice(name, now, found)
            for each in found:
                logger.warning(
                    'the page "%s" of %s changed since it was accepted: %s',
                    page.title,
                    self._title,
                    each.text,
                )
        return found
