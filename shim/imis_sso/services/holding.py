"""The hold of one environment as use cases see it: set, asked for, released (contract 1.2).

It is stored with its line of the trail. Where that cannot be, the signed spool keeps it, and what
waits there counts as much as what is stored.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Final

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Kind
from imis_sso.domain.holds import Hold, released, spooled_hold, standing
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import AuditUnavailable
from imis_sso.domain.spooled import Spooled
from imis_sso.store.base import Holds, Spool

logger = logging.getLogger(__name__)

STORE_SECONDS: Final = 3.0
HOLD_SPOOLED = (
    "The store cannot be written, so the hold lies in the signed spool: it counts from now on, and "
    "is merged when the store can be written again."
)
HOLD_UNRECORDED = (
    "The hold could be kept nowhere: neither the store nor the spool can be written. Nobody but "
    "this process knows of it: set it again as soon as one of them can be written."
)


class Holding:
    """The hold of one environment."""

    def __init__(self, environment: str, holds: Holds, spool: Spool) -> None:
        self._environment, self._holds, self._spool = environment, holds, spool
        self._unrecorded: Hold | None = None

    async def current(self) -> Hold | None:
        """Give the hold that stands; raises StoreUnavailable where that cannot be told."""
        pending = self._spool.pending(self._environment)
        spooled = standing(None, pending) or self._unrecorded
        if spooled is not None:
            return spooled
        return standing(await self._holds.current(self._environment), pending)

    async def set(self, who: str, reason: str, origin: Origin) -> tuple[Hold, tuple[str, ...]]:
        """Set a hold, whatever works; gives it, and what to tell the caller. Never fails."""
        hold = Hold(self._environment, reason, who, datetime.now(UTC))
        entry = hold.entry(origin)
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._holds.put(hold, [entry])
        except (StoreUnavailable, TimeoutError) as error:
            logger.warning("the hold of %s is spooled: %s", self._environment, error)
        else:
            return hold, ()
        try:
            self._spool.add(entry)
        except StoreUnavailable as error:
            logger.critical("hold of %s kept nowhere: %s", self._environment, error)
            self._unrecorded = hold
            return hold, (HOLD_UNRECORDED,)
        return hold, (HOLD_SPOOLED,)

    async def release(self, who: str, reason: str, origin: Origin) -> Hold | None:
        """Release the hold that stands and give it; None where none does.

        The spool must have been merged before. Raises AuditUnavailable where the release cannot be
        put on the trail.
        """
        try:
            hold = await self.current()
            if hold is None:
                return None
            entry = released(self._environment, who, reason, origin)
            await self._holds.release(self._environment, [entry])
        except StoreUnavailable as error:
            msg = f"The store cannot be used ({error}), so the hold cannot be released."
            raise AuditUnavailable(msg) from None
        self._unrecorded = None
        return hold

    async def take(self, spooled: Spooled) -> bool:
        """Take a spooled hold or release into the store; False for a line that is neither."""
        lines = [spooled.merged(), spooled.entry]
        if spooled.entry.kind is Kind.HOLD:
            await self._holds.put(spooled_hold(spooled), lines)
        elif spooled.entry.kind is Kind.RELEASE:
            await self._holds.release(self._environment, lines)
        else:
            return False
        return True
