"""SQLite's transactions, which end in order also where nobody waits for them any more.

The driver works in a thread, which knows nothing of a task that is cancelled: a statement that is
cut off leaves a cursor, an open transaction, and with it SQLite's one write lock, until somebody
collects the garbage. So every statement runs in a task of its own. Whoever is cancelled goes at
once; statement and transaction are ended behind them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


class Undisturbed(AsyncConnection):
    """A connection whose statements run to their end."""

    __slots__ = ("_running",)

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._running: asyncio.Task[Any] | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await work of this connection; cancelled, it goes on without its caller."""
        self._running = asyncio.create_task(work)
        return await asyncio.shield(self._running)

    async def execute(self, *args: Any, **options: Any) -> CursorResult[Any]:
        """See AsyncConnection."""
        return await self.run(super().execute(*args, **options))

    async def quiet(self) -> None:
        """Wait until nothing is running, whatever comes of it."""
        if self._running is not None:
            await asyncio.wait([self._running])
            if not self._running.cancelled():
                self._running.exception()  # told to whoever ran it, or to nobody


class Transactions:
    """Opens connections of one file, and sees to it that they are closed."""

    def __init__(self) -> None:
        self._ending: Final[set[asyncio.Task[None]]] = set()

    @asynccontextmanager
    async def open(self, engine: AsyncEngine, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        """Give a connection; one that `writes` is in a transaction, committed at the end.

        Raises what the database raises.
        """
        connection, is_awaited = Undisturbed(engine), True
        try:
            await connection.run(_opened(connection, writes=writes))
            yield connection
            if writes:
                await connection.run(connection.commit())
        except asyncio.CancelledError:
            is_awaited = False
            raise
        finally:
            ending = self._end(connection)
            if is_awaited:
                await asyncio.shield(ending)

    async def aclose(self) -> None:
        """Wait for everything that is still ending."""
        while self._ending:
            await asyncio.wait(self._ending)

    def _end(self, connection: Undisturbed) -> asyncio.Task[None]:
        ending = asyncio.create_task(_closed(connection))
        self._ending.add(ending)
        ending.add_done_callback(self._ended)
        return ending

    def _ended(self, ending: asyncio.Task[None]) -> None:
        self._ending.discard(ending)
        if not ending.cancelled():
            ending.exception()  # told to whoever waits, or to nobody


async def _opened(connection: AsyncConnection, *, writes: bool) -> None:
    await connection.start()
    if writes:
        await connection.begin()


async def _closed(connection: Undisturbed) -> None:
    await connection.quiet()
    if connection.sync_connection is not None:
        await connection.close()  # rolls back what is not committed
