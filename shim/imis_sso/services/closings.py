"""Which doors into a product are closed, and until when; every process knows the same.

A door that was closed when a record was read is tried again after `AGAIN`, by the next request. One
that was closed when a record was written stays closed: reading through it proves nothing. Both are
open at once after `imis-sso login ENV --retry` and `imis-sso pages accept ENV`, and neither by a
restart, so that several processes and the commands of people go the same way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from imis_sso.domain.facts import Fact, FactKind
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import Problem
from imis_sso.store.base import Facts

logger = logging.getLogger(__name__)

AGAIN: Final = timedelta(minutes=10)
KIND: Final[FactKind] = "served-by"
STORE_SECONDS: Final = 1.0
_MOST: Final = 600


@dataclass(frozen=True)
class Closing:
    """Why a door is closed for a record; `until` is None where only a person opens it."""

    slug: str
    detail: str
    since: datetime
    until: datetime | None

    def stands(self, now: datetime) -> bool:
        """Tell whether it is still closed."""
        return self.until is None or now < self.until

    def as_dict(self) -> dict[str, str]:
        """Give what is stored."""
        until = "" if self.until is None else self.until.isoformat()
        since = self.since.isoformat()
        return {"slug": self.slug, "detail": self.detail, "since": since, "until": until}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Closing:
        """Read what was stored."""
        until = content["until"]
        return cls(
            content["slug"],
            content["detail"],
            datetime.fromisoformat(content["since"]),
            datetime.fromisoformat(until) if until else None,
        )


def _now() -> datetime:
    return datetime.now(UTC)


class Closings:
    """The closed doors of one product, by record and connector.

    What the store cannot tell or take, this process knows by itself.
    """

    def __init__(
        self,
        environment: str,
        product: str,
        facts: Facts,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._environment, self._product = environment, product
        self._facts, self._clock = facts, clock
        self._known: dict[str, Closing] = {}
        self._unsaved: dict[str, Closing] = {}

    async def standing(self, record: str, *, urgent: bool = False) -> Mapping[str, Closing]:
        """Give the closed doors of a record, by connector; an urgent look asks no store."""
        if not urgent:
            await self._look()
        now, prefix = self._clock(), self._key(record, "")
        both = self._known | self._unsaved
        return {
            key.removeprefix(prefix): each
            for key, each in both.items()
            if key.startswith(prefix) and each.stands(now)
        }

    async def close(self, record: str, door: str, problem: Problem, *, for_good: bool) -> None:
        """Close a door for a record."""
        now = self._clock()
        until = None if for_good else now + AGAIN
        closing = Closing(problem.slug, problem.detail[:_MOST], now, until)
        logger.warning(
            "door %s of %s closed for %s: %s", door, self._environment, record, problem.slug
        )
        key = self._key(record, door)
        self._known[key] = closing
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._facts.put(Fact(self._environment, KIND, key, closing.as_dict()))
        except (StoreUnavailable, TimeoutError) as error:
            logger.warning("a closed door is known to this process only: %s", error)
            self._unsaved[key] = closing

    async def opened(self, record: str, door: str) -> None:
        """Forget that a door was closed: it was tried again, and serves."""
        key = self._key(record, door)
        if key not in self._known | self._unsaved:
            return
        self._known.pop(key, None)
        self._unsaved.pop(key, None)
        logger.warning("door %s of %s is open again for %s", door, self._environment, record)
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._facts.forget(self._environment, KIND, key)
        except (StoreUnavailable, TimeoutError) as error:
            logger.warning("an open door is known to this process only: %s", error)

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                found = await self._facts.all(self._environment, KIND)
        except (StoreUnavailable, TimeoutError) as error:
            logger.warning("which doors are closed cannot be looked up: %s", error)
            return
        mine = f"{self._product}/"
        self._known = {
            each.key: Closing.of(each.content) for each in found if each.key.startswith(mine)
        }

    def _key(self, record: str, door: str) -> str:
        return f"{self._product}/{record}/{door}"


async def forget_closings(facts: Facts, environment: str) -> int:
    """Open every door of an environment; gives how many were closed. Raises StoreUnavailable."""
    found = await facts.all(environment, KIND)
    return sum([await facts.forget(environment, KIND, each.key) for each in found])
