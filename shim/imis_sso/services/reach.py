"""Which fields of each document have been accepted: reach never widens silently (contract 1.1).

The reach with which a document is first served is recorded. What a connector reaches beyond it
stays out of reach until somebody accepts it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from imis_sso.domain.facts import Fact, FactKind
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Observed, Reach
from imis_sso.domain.resources import RESOURCES, TEMPLATES, Record, Resource
from imis_sso.store.base import Facts

logger = logging.getLogger(__name__)

Fields = Mapping[str, frozenset[str]]
"""Fields of documents, by their paths."""
KIND: Final[FactKind] = "reach"
STORE_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Accepted:
    """The fields of a document that were accepted: by whom (`""`: when first served), and when."""

    fields: frozenset[str]
    connector: str
    who: str = ""
    at: datetime | None = None


def reached(reach: Reach, resource: Resource) -> frozenset[str]:
    """Give the fields of a document that a reach has."""
    able = reach.fields.get(resource.record.name, frozenset())
    return able.intersection(resource.document.defaults())


def on_record(record: Record) -> Sequence[Resource]:
    """Give the documents on a record; those of a collection once, for all of its keys."""
    return [each for each in (*RESOURCES, *TEMPLATES) if each.record.name == record.name]


def unit(resource: Resource) -> Resource:
    """Give the document under whose path the reach of a document is kept."""
    beside = on_record(resource.record)
    return next((each for each in beside if each.document is resource.document), resource)


class AcceptedReach:
    """The accepted reach of one environment's documents."""

    def __init__(self, environment: str, facts: Facts) -> None:
        self._environment, self._facts = environment, facts
        self._known: dict[str, Accepted] = {}
        self._look_again: dict[str, float] = {}

    async def of(self, resource: Resource) -> Accepted | None:
        """Give what was accepted of a document; None where nothing ever served it.

        Raises StoreUnavailable.
        """
        fact = await self._facts.get(self._environment, KIND, unit(resource).path)
        return None if fact is None else _accepted(fact)

    async def accept(self, resource: Resource, accepted: Accepted) -> None:
        """Accept a reach in place of the one before. Raises StoreUnavailable."""
        await self._facts.put(self._fact(resource, accepted))
        self._known[unit(resource).path] = accepted

    async def narrowed(
        self, seen: Observed, by: str, reach: Reach, record: Record, *, urgent: bool = False
    ) -> Observed:
        """Give what was seen through a connector, without the fields that nobody accepted.

        Where the store cannot tell, what this process knows counts, else what the connector
        reaches. An urgent read asks no store: lowering the mode waits for nothing (1.2).
        """
        able = {each.path: reached(reach, each) for each in on_record(record)}
        if not urgent:
            await self._look_up(record, able, by)
        known = self._known
        taken = {path: known[path].fields if path in known else each for path, each in able.items()}
        both = {path: able[path] & taken[path] for path in able}
        return replace(
            seen,
            values=_without(seen.values, _all(able, taken)),
            by=by,
            reach=Reach({record.name: frozenset().union(*both.values())}),
            withheld=_all(able, taken),
            lost=_all(taken, able),
        )

    async def _look_up(self, record: Record, able: Fields, by: str) -> None:
        """Learn what was accepted of each document on a record, at most every few seconds.

        What another process accepted meanwhile counts a moment later; until then less is reached.
        """
        now = asyncio.get_running_loop().time()
        if now < self._look_again.get(record.name, 0.0):
            return
        try:
            async with asyncio.timeout(STORE_SECONDS):
                facts = await self._facts.all(self._environment, KIND)
                accepted = {each.key: _accepted(each) for each in facts}
                for each in on_record(record):
                    found = accepted.get(each.path) or await self._first(each, able[each.path], by)
                    if found is not None:
                        self._known[each.path] = found
            self._look_again[record.name] = now + LOOK_SECONDS
        except (StoreUnavailable, TimeoutError) as error:
            logger.warning("the accepted reach of %s cannot be looked up: %s", record.name, error)

    async def _first(self, resource: Resource, able: frozenset[str], by: str) -> Accepted | None:
        """Record the reach with which a document is first served; another process may be first."""
        if not able:
            return None  # nothing serves it yet
        mine = Accepted(able, by)
        if await self._facts.add(self._fact(resource, mine)):
            return mine
        return await self.of(resource)

    def _fact(self, resource: Resource, accepted: Accepted) -> Fact:
        content = {"fields": sorted(accepted.fields), "connector": accepted.connector}
        return Fact(self._environment, KIND, unit(resource).path, content, accepted.who)


def _accepted(fact: Fact) -> Accepted:
    content = fact.content
    return Accepted(frozenset(content["fields"]), content["connector"], fact.who, fact.at)


def _all(some: Fields, others: Fields) -> frozenset[str]:
    """Give what some have that others have not, of all documents together."""
    return frozenset(path for each in some for path in some[each] - others[each])


def _without(
    values: Mapping[str, str | bool], left_out: frozenset[str]
) -> Mapping[str, str | bool]:
    if not left_out:
        return values
    return {path: value for path, value in values.items() if path not in left_out}
