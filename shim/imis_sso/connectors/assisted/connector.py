"""The connector `assisted`: no automation and no log-in; a person does the step.

It shows the confirmed state: what somebody said that the product holds. A write that differs from
it is answered with exact instructions. What nobody ever confirmed is not made up (contract C4):
then it asks for that first.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Final, Protocol

from imis_sso.domain.facts import Fact, FactKind
from imis_sso.domain.manual_steps import PLACES, confirmed_key, instructions, order, settings_on
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import ManualStepRequired, Problem, UnsupportedByConnector
from imis_sso.domain.resources import (
    ABOUT_IMIS,
    DIRECTORIES,
    IMIS_SSO_PAGE,
    OPENID_PROVIDER,
    PRODUCT_TITLES,
    Product,
    Record,
    Resource,
)
from imis_sso.domain.secret import ObservedSecret, Secret, Unreadable

logger = logging.getLogger(__name__)

_RECORDS: Final[Mapping[Product, tuple[Record, ...]]] = {
    "imis": (OPENID_PROVIDER, ABOUT_IMIS),
    "cloud-sso": (IMIS_SSO_PAGE,),
}


class Confirmed(Protocol):
    """The store's facts, as far as this connector needs them."""

    async def get(self, environment: str, kind: FactKind, key: str) -> Fact | None:
        """Give what is known under a key. Raises StoreUnavailable."""


class Assisted:
    """One half of an environment in the hands of a person (see the protocol `Connector`).

    `where` is added to the name of the site in the instructions, for example its Cloud ID. `secret`
    gives the client secret that Cloud SSO shows, where the registry names a source of it.
    """

    name: ClassVar[str] = "assisted"
    write_seconds: ClassVar[float] = 1.0

    def __init__(
        self,
        environment: str,
        product: Product,
        facts: Confirmed,
        where: str = "",
        secret: Callable[[], Awaitable[Secret]] | None = None,
    ) -> None:
        self._environment, self._product = environment, product
        self._facts, self._where, self._secret = facts, where, secret
        fields = {each.name: frozenset(settings_on(each)) for each in _RECORDS[product]}
        self.reach = Reach(fields)

    async def read(self, resource: Resource) -> Observed:
        """Give what was confirmed last.

        Raises `ManualStepRequired` where nobody ever confirmed anything, StoreUnavailable. The
        licence alone is then as unknown as it may be otherwise.
        """
        if resource == DIRECTORIES.listing:
            return Observed({}, confirmed=True)  # those that are known: none, for nobody looks
        record = self._mine(resource)
        fact = await self._facts.get(self._environment, "manual-step", confirmed_key(record))
        if fact is None and record == ABOUT_IMIS:
            return Observed({}, confirmed=True)  # its document has a word for it: `unknown`
        if fact is None:
            raise self._unknown(record)
        secret = await self._shown() if record == IMIS_SSO_PAGE else Unreadable.ABSENT
        return Observed(fact.content["values"], secret, confirmed=True)

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Raise `ManualStepRequired` with what a person has to do; nothing is ever written."""
        del base
        record = self._mine(resource)
        ref = change.secret_ref if change.secret is not None else None
        told = instructions(record, change.values, ref)
        raise ManualStepRequired(order(record, self._where, told), told)

    async def tenant(self) -> Mapping[str, str]:
        """Tell nothing: nobody looked. The instructions name the tenant instead."""
        return {}

    async def prove_login(self) -> None:
        """Do nothing: there is no log-in that could be lost."""

    async def findings(self) -> Sequence[Finding]:
        """Say what is confirmed."""
        found = []
        for record in _RECORDS[self._product]:
            fact = await self._facts.get(self._environment, "manual-step", confirmed_key(record))
            question = f"Has a person confirmed what {PLACES[record.name].way} shows?"
            answer = "no" if fact is None else f"yes, {fact.who} on {fact.at:%Y-%m-%d}"
            found.append(Finding(question, answer, held=fact is not None))
        return found

    async def aclose(self) -> None:
        """Nothing is open."""

    def _mine(self, resource: Resource) -> Record:
        if resource.record.name in self.reach.fields:
            return resource.record
        msg = f"The connector assisted has no instructions for {resource.path}."
        raise UnsupportedByConnector(msg)

    def _unknown(self, record: Record) -> ManualStepRequired:
        place, title = PLACES[record.name], PRODUCT_TITLES[self._product]
        return ManualStepRequired(
            f"Nobody has confirmed yet what {title} holds, and no connector can read it. Look at "
            f"{place.way} in {place.title}{self._where}, and say what is there with "
            f"`imis-sso confirm {self._environment} --present`."
        )

    async def _shown(self) -> ObservedSecret:
        if self._secret is None:
            return Unreadable.ABSENT
        try:
            return await self._secret()
        except Problem as problem:
            # As if the page did not show it: whoever needs it is told that it cannot be had.
            logger.warning("the secret of %s cannot be had: %s", self._environment, problem.slug)
            return Unreadable.ABSENT
