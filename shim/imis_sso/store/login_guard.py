"""The memory of refused log-ins as a connector of one environment uses it (contract C47)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from imis_sso.domain.facts import Fact
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.kept_login import BrowserState, KeptLogin
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import UpstreamCredentialsRefused
from imis_sso.domain.resources import PRODUCT_TITLES, Product
from imis_sso.domain.secret import Secret
from imis_sso.store.base import Facts, Leases, RefusedLogins
from imis_sso.store.kept_logins import KeptLogins

logger = logging.getLogger(__name__)

TURN_SECONDS: Final = 15.0


@dataclass(frozen=True)
class StoredLoginGuard:
    """A connector's `LoginGuard` that every process shares through the store.

    What the store cannot take now this process remembers itself, and stores it as soon as it can:
    a full disk must not lock the service account out.
    """

    refused: RefusedLogins
    leases: Leases
    key: FingerprintKey
    product: Product
    environment: str
    facts: Facts
    _last_code: list[int] = field(default_factory=list, init=False, repr=False)
    _last_kept: list[KeptLogin] = field(default_factory=list, init=False, repr=False)
    _known: set[str] = field(default_factory=set, init=False, repr=False)
    _unsaved: set[str] = field(default_factory=set, init=False, repr=False)

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Raise `UpstreamCredentialsRefused` if exactly this log-in was refused before."""
        newest, *older = self.key.logins(address, username, password)
        refused = await self._is_refused(newest)
        for each in older:
            if not refused and await self._is_refused(each):
                # Known by this key from now on, so that the older one may be dropped (C25).
                await self._keep(newest)
                refused = True
        if refused:
            msg = (
                f"{PRODUCT_TITLES[self.product]} refused this user name and password before, so "
                "they are not tried again. Change them, or clear the memory with "
                f"`imis-sso login {self.environment} --retry`."
            )
            raise UpstreamCredentialsRefused(msg)

    @asynccontextmanager
    async def trying(self, address: str, username: str, password: Secret) -> AsyncIterator[None]:
        """Check, and be the only process that logs in there; see `LoginGuard.trying`.

        Raises `Busy` where another process's log-in does not end. A store that cannot be written
        stops nobody from logging in: lowering the mode may need it (contract 1.2).
        """
        turn = self.leases.hold(self.environment, f"{self.product} log-in", TURN_SECONDS)
        async with AsyncExitStack() as stack:
            with suppress(StoreUnavailable):
                await stack.enter_async_context(turn)
            await self.check(address, username, password)
            yield

    async def remember(self, address: str, username: str, password: Secret) -> None:
        """Remember that the product refused this log-in."""
        await self._keep(self.key.login(address, username, password))

    async def take_code(self, began: int) -> bool:
        """Note that a period's one-time code is used; see `LoginGuard.take_code`.

        Where the store cannot be used, this process alone knows.
        """
        key = f"{self.product} code"
        try:
            last = await self.facts.get(self.environment, "login", key)
            if last is not None and last.content.get("began") == began:
                return False
            await self.facts.put(Fact(self.environment, "login", key, {"began": began}))
        except StoreUnavailable as error:
            logger.error("the use of a one-time code is known to this process alone: %s", error)  # noqa: TRY400  # the traceback says no more
        if began in self._last_code:
            return False
        self._last_code[:] = [began]
        return True

    async def kept(self) -> KeptLogin:
        """Give the log-in that a person made; see `LoginGuard.kept`.

        While the store cannot be read it is the one that was read last.
        """
        try:
            kept = await self._logins.load()
        except StoreUnavailable:
            if not self._last_kept:
                raise self._logins.unknown() from None
            return self._last_kept[0]
        self._last_kept[:] = [kept]
        return kept

    async def renew(self, kept: KeptLogin, state: BrowserState) -> None:
        """Keep what became of a log-in; see `LoginGuard.renew`."""
        with suppress(StoreUnavailable):  # the older cookies are kept, and may do
            await self._logins.renew(kept, state)

    async def note_ended(self, kept: KeptLogin) -> None:
        """Note that a log-in has ended; see `LoginGuard.note_ended`."""
        with suppress(StoreUnavailable):  # it will be noted at the next try
            await self._logins.note_ended(kept)

    @cached_property
    def _logins(self) -> KeptLogins:
        return KeptLogins(self.facts, self.key, self.environment, self.product)

    async def _keep(self, fingerprint: str) -> None:
        self._known.add(fingerprint)
        self._unsaved.add(fingerprint)
        try:
            await self._save(fingerprint)
        except StoreUnavailable as error:
            logger.error("a refused log-in is remembered by this process alone: %s", error)  # noqa: TRY400  # the traceback says no more

    async def _is_refused(self, fingerprint: str) -> bool:
        try:
            if fingerprint in self._unsaved:
                await self._save(fingerprint)
            return await self.refused.is_refused(fingerprint)
        except StoreUnavailable:
            return fingerprint in self._known

    async def _save(self, fingerprint: str) -> None:
        await self.refused.remember(fingerprint, self.product, self.environment)
        self._unsaved.discard(fingerprint)
