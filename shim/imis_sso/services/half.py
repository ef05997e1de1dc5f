"""One product of one environment: its connector, its queue and its shared reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from imis_sso.connectors.base import Connector
from imis_sso.domain.bindings import Binding
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import Busy, UpstreamTimeout
from imis_sso.domain.resources import PRODUCT_TITLES, Product, Resource
from imis_sso.services.bindings import Bindings
from imis_sso.services.deadline import READ_SECONDS, Deadline
from imis_sso.services.runs import Runs
from imis_sso.services.together import Together
from imis_sso.store.base import Lease

logger = logging.getLogger(__name__)

SETTLE_SECONDS: Final = 1.0
WAITING: Final = 100
"""Writes that may wait for one product, unless the operator says otherwise."""

Turn = Callable[[], Awaitable[str]]
"""Gives a mark that changes with every turn of any process that shares the lease."""

Hold = Callable[[float], AbstractAsyncContextManager[Lease]]
"""Waits at most so many seconds for the lease that all processes share, and holds it."""


class Half:
    """One product of one environment.

    Writes are queued, first come first served, at most `waiting` of them (contract C32); `hold`
    takes the lease by which processes that share a store take turns, None where none does.
    Concurrent reads of one record share one fetch that started after the last write (contract C3):
    a fetch is shared as long as `turn` gives the mark that it gave before the fetch began, so that
    a write of another process ends the sharing, too (targets R8). `bindings` lead from the key of a
    collection's item to its record.
    """

    def __init__(
        self,
        product: Product,
        connector: Connector,
        hold: Hold | None = None,
        turn: Turn | None = None,
        waiting: int = WAITING,
        *,
        bindings: Bindings | None = None,
    ) -> None:
        self.product = product
        self.bindings = bindings
        self.connector = connector
        self._queue = asyncio.Lock()
        self._waiting, self._may_wait = 0, waiting
        self._hold = hold
        self._turn = None if turn is None else Together(turn)
        self._lease: Lease | None = None
        self._without_store = False
        self._fetches = Runs[Observed]()
        self._writes = 0

    @property
    def title(self) -> str:
        """The product's name for people."""
        return PRODUCT_TITLES[self.product]

    async def observe(self, resource: Resource) -> Observed:
        """Read the record of a resource, sharing a fetch that is under way.

        Raises the connector's problems, and `UpstreamTimeout` after `READ_SECONDS`.
        """
        key = await self._key(resource)
        return await self._fetches.share(key, partial(self._fetch, resource))

    async def observe_afresh(self, resource: Resource) -> Observed:
        """Read the record by a fetch that starts now; later readers may share it."""
        key = await self._key(resource)
        return await self._fetches.afresh(key, partial(self._fetch, resource))

    async def last_written(self) -> tuple[str, int] | None:
        """Give a mark that changes when anything may have been written, None where none can tell.

        What was read under one mark may be shared under it (contract C3). A store that can only be
        read keeps its part of the mark while another process lowers the mode without it.
        """
        try:
            turn = "" if self._turn is None else await self._turn()
        except StoreUnavailable:
            return None
        return turn, self._writes

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Hand a change to the connector; reads begun before its end are shared no longer.

        Raises `Busy` where the lease was lost to another process, before anything is written.
        """
        await self._require_lease()
        if resource.record.item and self.bindings is not None:
            if not base.exists:
                await self.bindings.expect(resource, change.values)
            binding = await self.bindings.get(resource.record.item)
            resource = resource.bound(binding or Binding())
        try:
            await self.connector.write(resource, change, base)
        finally:
            self._writes += 1

    async def look_up(self, resource: Resource, binding: Binding) -> Observed:
        """Look for the record that a binding leads to, whatever the key is bound to.

        Raises as `observe`.
        """
        return await self._timed(resource.bound(binding))

    @asynccontextmanager
    async def turn(self, deadline: Deadline, *, without_store: bool = False) -> AsyncIterator[None]:
        """Wait for the product's queue, then for its lease; the block may write.

        Raises `Busy` if the deadline leaves no room to write or too many wait already, and
        StoreUnavailable. With `without_store` a store that cannot be used does not stop the turn:
        this process's own queue is then all there is (contract 1.2, lowering the mode).
        """
        async with self._own_turn(deadline), AsyncExitStack() as stack:
            self._without_store = without_store
            self._lease = await self._shared_turn(stack, deadline)
            stack.callback(setattr, self, "_lease", None)
            yield

    @asynccontextmanager
    async def _own_turn(self, deadline: Deadline) -> AsyncIterator[None]:
        msg = f"Other writes to {self.title} are ahead; nothing was written."
        if self._waiting >= self._may_wait:
            raise Busy(msg)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._room(deadline)):
                await self._queue.acquire()
        except TimeoutError:
            raise Busy(msg) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._queue.release()

    async def _shared_turn(self, stack: AsyncExitStack, deadline: Deadline) -> Lease | None:
        if self._hold is None:
            return None
        try:
            return await stack.enter_async_context(self._hold(self._room(deadline)))
        except StoreUnavailable as error:
            if not self._without_store:
                raise
            logger.warning("writing to %s without a lease: %s", self.title, error)
            return None

    async def _require_lease(self) -> None:
        try:
            if self._lease is not None:
                await self._lease.require()
        except StoreUnavailable:
            if not self._without_store:
                raise

    def _room(self, deadline: Deadline) -> float:
        return deadline.room_before(self.connector.write_seconds)

    def unreachable(self, resource: Resource, seen: Observed | None = None) -> tuple[str, ...]:
        """Give the fields of a resource that were out of reach when its record was seen.

        Without that: those that the connector cannot reach at all.
        """
        reach = (seen and seen.reach) or self.connector.reach
        return reach.unreachable(resource.record.name, resource.document)

    def reach_refusals(self, resource: Resource, seen: Observed | None = None) -> Mapping[str, str]:
        """Give, for each unreachable field, the sentence that names who can reach it (1.1)."""
        return {
            path: self._refusal(resource, seen, path) for path in self.unreachable(resource, seen)
        }

    def _refusal(self, resource: Resource, seen: Observed | None, path: str) -> str:
        by = (seen and seen.by) or self.connector.name
        if seen is not None and path in seen.withheld:
            return (
                f"is not within the reach that was accepted, with which {by} serves; "
                "imis-sso connectors list says what is new, connectors accept takes it in"
            )
        return f"is out of reach of the connector {by}; {resource.record.reached_by} can set it"

    async def aclose(self) -> None:
        """Close the connector, once the reads have ended that nobody waits for any more."""
        await self._fetches.settle(SETTLE_SECONDS)
        await self.connector.aclose()

    async def _key(self, resource: Resource) -> tuple[str, tuple[str, int]] | None:
        mark = await self.last_written()
        record = resource.record
        name = f"{record.name}/{record.item}" if record.item else record.name
        return None if mark is None else (name, mark)

    async def _fetch(self, resource: Resource) -> Observed:
        if not resource.record.item or self.bindings is None:
            return await self._timed(resource)
        binding = await self.bindings.get(resource.record.item)
        if binding is None:
            return Observed({}, exists=False)
        observed = await self._timed(resource.bound(binding))
        await self.bindings.refresh(resource, binding, observed)
        return observed

    async def _timed(self, resource: Resource) -> Observed:
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self.connector.read(resource)
        except TimeoutError:
            msg = f"{self.title} did not answer within {READ_SECONDS:.0f} seconds."
            raise UpstreamTimeout(msg) from None
