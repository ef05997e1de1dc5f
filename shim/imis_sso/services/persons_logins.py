"""The log-ins that persons made for the service: how long they last, for whoever looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from imis_sso.domain.expiry import Evidence, LogInLifetime, Thing
from imis_sso.domain.kept_login import LoginFacts
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.resources import PRODUCT_TITLES, Product
from imis_sso.store.base import PersonsLogin


def _now() -> datetime:
    return datetime.now(UTC)


class PersonsLogins:
    """The log-ins of one environment: of the products whose log-in the registry leaves to people.

    No product is asked for it.
    """

    def __init__(
        self,
        logins: Mapping[Product, PersonsLogin] | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._logins, self._clock = logins or {}, clock

    async def lifetimes(self) -> list[Evidence]:
        """Give the end of each, for the check `expiry`; what does not say its end is left out."""
        found = [(product, await self._about(each)) for product, each in self._logins.items()]
        return [_lifetime(product, about, self._clock()) for product, about in found if about]

    async def shown(self) -> list[dict[str, Any]]:
        """Give what `/status` says of each."""
        return [
            _shown(product, await self._about(each), self._clock())
            for product, each in self._logins.items()
        ]

    @staticmethod
    async def _about(login: PersonsLogin) -> tuple[LoginFacts, bool] | None:
        try:
            return await login.about()
        except StoreUnavailable:
            return None


def _lifetime(product: Product, about: tuple[LoginFacts, bool], now: datetime) -> Evidence:
    facts, ended = about
    thing = Thing("log-in", PRODUCT_TITLES[product])
    if ended:
        return LogInLifetime(thing, None)
    # What does not say its end is good until the product ends it.
    until = facts.ends or datetime.max.replace(tzinfo=UTC)
    return LogInLifetime(thing, until, facts.ends_soon(now))


def _shown(
    product: Product, about: tuple[LoginFacts, bool] | None, now: datetime
) -> dict[str, Any]:
    if about is None:
        return {"product": product, "status": "none", "who": "", "since": None, "ends": None}
    facts, ended = about
    over = ended or facts.is_over(now)
    soon = "ends-soon" if facts.ends_soon(now) else "kept"
    return {
        "product": product,
        "status": "ended" if over else soon,
        "who": facts.who,
        "since": facts.since.isoformat(timespec="seconds"),
        "ends": facts.ends and facts.ends.isoformat(timespec="seconds"),
    }
