"""Leases: who may write to a product now, decided by the database's clock (contract C32, R7, R8).

Whoever finds a lease taken draws a ticket, so that processes are served in the order in which they
came. Nothing here need survive a power failure: it ends every holder.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Double,
    delete,
    exists,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import Busy
from imis_sso.store.database import Database
from imis_sso.store.tables import LEASES, TICKETS

logger = logging.getLogger(__name__)

LEASE_SECONDS: Final = 15.0
_BEATS: Final = 4
_TICKET_SECONDS: Final = 6.0
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.1
_CLOCK: Final = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "date_part('epoch', clock_timestamp())",
}
"""Seconds since 1970 by the database's own clock: those of several machines may differ."""


class SqlLeases:
    """See `base.Leases`. `seconds` is how long a lease lasts that nobody prolongs."""

    def __init__(self, database: Database, seconds: float = LEASE_SECONDS) -> None:
        self._database = database
        self._seconds = seconds

    @asynccontextmanager
    async def hold(self, environment: str, product: str, seconds: float) -> AsyncIterator[SqlLease]:
        """Wait for a lease and hold it; see `base.Leases.hold`."""
        lease = SqlLease(self._database, environment, product, self._seconds)
        beating = None
        try:
            await lease.wait(seconds)
            beating = asyncio.create_task(lease.beat())
            yield lease
        finally:
            if beating is not None:
                beating.cancel()
            await _to_its_end(lease.give_back())

    async def turn(self, environment: str, product: str) -> str:
        """Tell whose turn it is, and the how manieth; see `base.Leases.turn`."""
        mine = (LEASES.c.environment == environment) & (LEASES.c.product == product)
        async with self._database.connect() as connection:
            found = await connection.execute(select(LEASES.c.turns, LEASES.c.holder).where(mine))
            row = found.first()
        return "" if row is None else f"{row.turns} {row.holder}"


class SqlLease:
    """One attempt to have a lease, and the lease itself once it is had."""

    def __init__(self, database: Database, environment: str, product: str, seconds: float) -> None:
        self._database = database
        self._environment, self._product = environment, product
        self._holder = secrets.token_hex(16)
        self._seconds = seconds
        self._queued = False
        self._clock: ColumnElement[float] = literal_column(_CLOCK[database.dialect], Double)
        self._key = (LEASES.c.environment == environment) & (LEASES.c.product == product)
        self._queue = (TICKETS.c.environment == environment) & (TICKETS.c.product == product)

    async def wait(self, seconds: float) -> None:
        """Take the lease as soon as it is free and nobody came before; raises `Busy`."""
        try:
            async with asyncio.timeout(seconds):
                await self._wait()
        except TimeoutError:
            msg = "Another process is writing to this product; nothing was written."
            raise Busy(msg) from None

    async def require(self) -> None:
        """Prolong the lease or raise; see `base.Lease.require`."""
        if not await self._prolong():
            msg = "Another process has taken over writing to this product; nothing was written."
            raise Busy(msg)

    async def beat(self) -> None:
        """Prolong the lease again and again until it is lost."""
        while True:
            await asyncio.sleep(self._seconds / _BEATS)
            with suppress(StoreUnavailable):
                if not await self._prolong():
                    logger.warning("lost lease environment=%s product=%s", *self._names())
                    return

    async def give_back(self) -> None:
        """Free the lease and leave the queue; what the database does not hear of runs out."""
        with suppress(StoreUnavailable):
            async with self._database.begin(durable=False) as connection:
                ended = update(LEASES).where(self._is_mine())
                await connection.execute(ended.values(expires_at=0.0, turns=LEASES.c.turns + 1))
                await self._leave_queue(connection)

    async def _wait(self) -> None:
        loop, pause, renew_at = asyncio.get_running_loop(), _FIRST_PAUSE, 0.0
        while not await self._take():
            if loop.time() >= renew_at:
                await self._draw_ticket()
                renew_at = loop.time() + _TICKET_SECONDS / 3
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311  # guards nothing  # nosec B311
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _take(self) -> bool:
        """Take the lease in one statement, which the database lets only one process succeed in."""
        until = self._clock + self._seconds
        values = select(literal(self._environment), literal(self._product), literal(self._holder))
        mine = self._database.insert(LEASES).from_select(
            ["environment", "product", "holder", "expires_at"],
            values.add_columns(until).where(~self._somebody_came_before()),
        )
        taken = mine.on_conflict_do_update(
            index_elements=["environment", "product"],
            set_={"holder": self._holder, "expires_at": until},
            where=LEASES.c.expires_at <= self._clock,
        )
        async with self._database.begin(durable=False) as connection:
            found = await connection.execute(taken.returning(LEASES.c.holder))
            if found.first() is None:
                return False
            await self._leave_queue(connection)
            return True

    def _somebody_came_before(self) -> ColumnElement[bool]:
        other = aliased(TICKETS)
        mine = select(TICKETS.c.number).where(self._is_my_ticket()).scalar_subquery()
        return exists().where(
            other.c.environment == self._environment,
            other.c.product == self._product,
            other.c.holder != self._holder,
            other.c.expires_at > self._clock,
            or_(mine.is_(None), other.c.number < mine),
        )

    async def _leave_queue(self, connection: AsyncConnection) -> None:
        if self._queued:
            await connection.execute(delete(TICKETS).where(self._is_my_ticket()))

    async def _draw_ticket(self) -> None:
        self._queued = True
        until = self._clock + _TICKET_SECONDS
        async with self._database.begin(durable=False) as connection:
            gone = delete(TICKETS).where(self._queue, TICKETS.c.expires_at <= self._clock)
            kept = update(TICKETS).where(self._is_my_ticket()).values(expires_at=until)
            if (await connection.execute(kept)).rowcount:
                return
            await connection.execute(gone)
            await connection.execute(
                insert(TICKETS).values(
                    environment=self._environment,
                    product=self._product,
                    holder=self._holder,
                    expires_at=until,
                )
            )

    async def _prolong(self) -> bool:
        longer = (
            update(LEASES).where(self._is_mine()).values(expires_at=self._clock + self._seconds)
        )
        async with self._database.begin(durable=False) as connection:
            return bool((await connection.execute(longer)).rowcount)

    def _is_mine(self) -> ColumnElement[bool]:
        return self._key & (LEASES.c.holder == self._holder)

    def _is_my_ticket(self) -> ColumnElement[bool]:
        return self._queue & (TICKETS.c.holder == self._holder)

    def _names(self) -> tuple[str, str]:
        return self._environment, self._product


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish, also where the caller is told to stop meanwhile: it stops after that.

    A lease that is not given back keeps everybody waiting until it runs out.
    """
    task, stopped = asyncio.create_task(work), False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            stopped = True
    task.result()
    if stopped:
        raise asyncio.CancelledError
