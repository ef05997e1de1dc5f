"""Whoever is cancelled in the middle of a transaction leaves nothing behind that blocks others."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.migrate import DATABASE
from imis_sso.store.tables import TICKETS

pytestmark = pytest.mark.anyio

ROUNDS, STEP_SECONDS = 200, 0.00005
TICKET = {"environment": "test", "product": "imis", "holder": "h", "expires_at": 0.0}


@pytest.fixture
async def file_store(tmp_path: Path, clock) -> AsyncIterator[SqlStore]:
    store = await open_store(tmp_path, clock)
    yield store
    await store.aclose()


async def twice(store: SqlStore) -> None:
    """Write two rows that belong together, and say of the first what it became."""
    async with store.database.begin(durable=False) as connection:
        written = insert(TICKETS).values(TICKET).returning(TICKETS.c.number)
        assert (await connection.execute(written)).first() is not None
        await connection.execute(written)


async def test_the_file_can_be_written_whenever_a_writer_was_cut_off(
    file_store: SqlStore, tmp_path: Path
) -> None:
    """Architecture 6: one write lock for all; another process needs it, too."""
    other = sqlite3.connect(
        tmp_path / DATABASE, timeout=5, isolation_level=None, check_same_thread=False
    )
    with closing(other):
        for number in range(ROUNDS):
            writer = asyncio.create_task(twice(file_store))
            until = time.monotonic() + number * STEP_SECONDS
            while time.monotonic() < until:
                await asyncio.sleep(0)
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
            await asyncio.to_thread(lock, other)
        assert other.execute("SELECT count(*) % 2 FROM tickets").fetchone() == (0,)


def lock(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


async def test_who_is_cancelled_does_not_wait_for_the_lock(
    file_store: SqlStore, tmp_path: Path
) -> None:
    """Contract 1.2: lowering the mode gives the store a moment, and goes on without it."""
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await twice(file_store)
        assert asyncio.get_running_loop().time() - started < 5  # the lock is waited for longer
        other.execute("ROLLBACK")
    await twice(file_store)
    async with file_store.database.connect() as connection:
        rows = (await connection.execute(select(func.count()).select_from(TICKETS))).scalar_one()
    assert rows == 2


async def test_closing_waits_for_what_was_cut_off(tmp_path: Path, clock) -> None:
    store = await open_store(tmp_path, clock)
    writer = asyncio.create_task(twice(store))
    await asyncio.sleep(0.002)
    writer.cancel()
    await asyncio.wait([writer])
    await store.aclose()
    assert not store.database._transactions._ending
    with closing(sqlite3.connect(tmp_path / DATABASE, timeout=0, isolation_level=None)) as other:
        lock(other)


async def test_a_statement_that_fails_takes_the_transaction_with_it(file_store: SqlStore) -> None:
    async def failing() -> None:
        async with file_store.database.begin() as connection:
            await connection.execute(insert(TICKETS).values(TICKET))
            await connection.execute(text("DELETE FROM absent"))

    with pytest.raises(StoreUnavailable, match="no such table"):
        await failing()
    async with file_store.database.connect() as connection:
        rows = (await connection.execute(select(func.count()).select_from(TICKETS))).scalar_one()
    assert rows == 0
