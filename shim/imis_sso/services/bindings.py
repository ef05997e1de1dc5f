"""Which record each key of a collection stands for: kept, and refreshed by every look (1.3)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from imis_sso.domain.bindings import Binding
from imis_sso.domain.documents.base import Values
from imis_sso.domain.facts import Fact
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Observed
from imis_sso.domain.resources import Resource
from imis_sso.store.base import Facts

logger = logging.getLogger(__name__)


class Bindings:
    """The bindings of one environment. Methods raise StoreUnavailable unless they say otherwise."""

    def __init__(self, environment: str, facts: Facts) -> None:
        self._environment, self._facts = environment, facts

    async def get(self, key: str) -> Binding | None:
        """Give what leads to the record of a key, None where it is bound to none."""
        fact = await self._facts.get(self._environment, "directory", key)
        return None if fact is None else Binding.of(fact.content)

    async def all(self) -> Mapping[str, Binding]:
        """Give every key with its binding, in the order of the keys."""
        found = await self._facts.all(self._environment, "directory")
        return {each.key: Binding.of(each.content) for each in found}

    async def keep(self, key: str, binding: Binding, who: str = "") -> None:
        """Bind a key, whatever it was bound to before."""
        await self._facts.put(Fact(self._environment, "directory", key, binding.as_dict(), who))

    async def forget(self, key: str) -> bool:
        """Unbind a key; nothing of the product changes. Gives whether it was bound."""
        return await self._facts.forget(self._environment, "directory", key)

    async def expect(self, resource: Resource, values: Values) -> None:
        """Bind a key to the record that is about to be made with these values."""
        await self.keep(resource.record.item, Binding.expected(values))

    async def refresh(self, resource: Resource, before: Binding, observed: Observed) -> None:
        """Keep what was seen of a record, so that it is found again. Raises nothing."""
        if not observed.exists or not observed.entries:
            return
        now = before.seen(observed.entries[0].record, observed.values)
        try:
            if now != before and await self.get(resource.record.item) == before:
                await self.keep(resource.record.item, now)
        except StoreUnavailable as error:
            # A read goes on with a store that cannot be written to; the next one keeps it.
            logger.warning("the binding of %s is not refreshed: %s", resource.path, error)
