"""Facts of one process, for connectors that need a memory; the store's own are tested beside it."""

from __future__ import annotations

from typing import Any

from imis_sso.domain.facts import Fact, FactKind
from imis_sso.domain.ledger import StoreUnavailable


class LoneFacts:
    """Keeps facts in this process; `broken` makes it a store that cannot be asked."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str, str], Fact] = {}
        self.broken = False

    def _known(self) -> dict[tuple[str, str, str], Fact]:
        if self.broken:
            msg = "the disk is gone"
            raise StoreUnavailable(msg)
        return self._facts

    async def get(self, environment: str, kind: FactKind, key: str) -> Fact | None:
        return self._known().get((environment, kind, key))

    async def put(self, fact: Fact) -> None:
        self._known()[fact.environment, fact.kind, fact.key] = fact

    async def add(self, fact: Fact) -> bool:
        key = (fact.environment, fact.kind, fact.key)
        return self._known().setdefault(key, fact) is fact

    async def forget(self, environment: str, kind: FactKind, key: str) -> bool:
        return self._known().pop((environment, kind, key), None) is not None

    def knows(self, key: str) -> bool:
        """Tell whether anything is known under a page's key."""
        return ("test", "page", key) in self._facts

    def content(self, key: str) -> Any:
        """Give what is known under a page's key."""
        return self._facts["test", "page", key].content

    def forget_all(self) -> None:
        """Start anew."""
        self._facts.clear()
