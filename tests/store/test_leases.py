"""Leases that processes share through the database (contract C32, targets R7, R8)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest
from sqlalchemy import func, select, text

from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import Busy
from imis_sso.store.engine import SqlStore
from imis_sso.store.leases import LEASE_SECONDS, SqlLease, SqlLeases
from imis_sso.store.tables import LEASES, TICKETS

pytestmark = pytest.mark.anyio

Open = Callable[[], Awaitable[SqlStore]]
PRODUCT = ("test", "imis")
LONG = 60.0
SOON = 0.15


async def expiry(store: SqlStore) -> float:
    async with store.database.connect() as connection:
        return (await connection.execute(select(LEASES.c.expires_at))).scalar_one()


async def waiting(store: SqlStore) -> int:
    async with store.database.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(TICKETS))).scalar_one()


async def until(store: SqlStore, tickets: int) -> None:
    async with asyncio.timeout(LONG):
        while await waiting(store) != tickets:
            await asyncio.sleep(0.01)


async def dead_holder(store: SqlStore, seconds: float) -> SqlLease:
    """A process that died with the lease in its hands: nobody prolongs it or gives it back."""
    lease = SqlLease(store.database, *PRODUCT, seconds)
    await lease.wait(LONG)
    return lease


async def test_of_many_in_several_processes_one_holds_it(opening: Open) -> None:
    """Target R8: never two at once, and everybody gets a turn."""
    stores = [await opening() for _ in range(3)]
    holding, most, turns = 0, 0, []

    async def write(number: int) -> None:
        nonlocal holding, most
        async with stores[number % 3].leases.hold(*PRODUCT, LONG) as lease:
            holding += 1
            most = max(most, holding)
            await lease.require()
            await asyncio.sleep(0.01)
            turns.append(number)
            holding -= 1

    await asyncio.gather(*(write(number) for number in range(12)))
    assert sorted(turns) == list(range(12))
    assert most == 1
    assert await waiting(stores[0]) == 0


async def test_each_product_of_each_environment_has_its_own(
    store: SqlStore, other: SqlStore
) -> None:
    names = [("test", "imis"), ("test", "cloud-sso"), ("prod", "imis")]
    async with AsyncExitStack() as stack:
        for number, name in enumerate(names):
            leases = (store, other)[number % 2].leases
            await stack.enter_async_context(leases.hold(*name, LONG))
        with pytest.raises(Busy, match="Another process"):
            await stack.enter_async_context(other.leases.hold(*PRODUCT, SOON))


async def test_processes_are_served_in_the_order_in_which_they_came(opening: Open) -> None:
    """Contract C32: fair; whoever has just written does not overtake those who wait."""
    stores = [await opening() for _ in range(3)]
    served: list[str] = []

    async def write(store: SqlStore, name: str) -> None:
        async with store.leases.hold(*PRODUCT, LONG):
            served.append(name)

    async with stores[0].leases.hold(*PRODUCT, LONG):
        second = asyncio.create_task(write(stores[1], "second"))
        await until(stores[0], 1)
        third = asyncio.create_task(write(stores[2], "third"))
        await until(stores[0], 2)
    await write(stores[0], "first again")
    await asyncio.gather(second, third)
    assert served == ["second", "third", "first again"]


async def test_the_lease_of_a_dead_process_runs_out(store: SqlStore, other: SqlStore) -> None:
    """Target R7; until then nobody gets it."""
    dead = await dead_holder(store, 2.0)
    with pytest.raises(Busy):
        async with other.leases.hold(*PRODUCT, SOON):
            pytest.fail("two hold one lease")
    async with other.leases.hold(*PRODUCT, LONG) as alive:
        await alive.require()
        with pytest.raises(Busy, match="taken over"):
            await dead.require()
        await dead.give_back()
        await alive.require()


def test_a_dead_processes_lease_is_free_within_30_seconds() -> None:
    """Target R7: its life and the longest that a dead waiter's ticket can stand before it."""
    assert LEASE_SECONDS + 6.0 < 30


async def test_a_dead_waiter_holds_nobody_up(store: SqlStore, other: SqlStore) -> None:
    async with store.database.begin() as connection:
        gone = {"environment": "test", "product": "imis", "holder": "dead", "expires_at": 0.0}
        await connection.execute(TICKETS.insert().values(gone))
    async with store.leases.hold(*PRODUCT, LONG):
        with pytest.raises(Busy):
            async with other.leases.hold(*PRODUCT, SOON):
                pytest.fail("two hold one lease")
    assert await waiting(store) == 0


async def test_a_lease_that_is_held_is_prolonged(store: SqlStore) -> None:
    leases = SqlLeases(store.database, seconds=2.0)
    async with leases.hold(*PRODUCT, LONG), asyncio.timeout(LONG):
        first = await expiry(store)
        while await expiry(store) <= first:
            await asyncio.sleep(0.05)


async def test_it_lasts_by_the_databases_own_clock(store: SqlStore) -> None:
    clock = {
        "sqlite": "SELECT CAST(strftime('%s', 'now') AS REAL)",
        "postgresql": "SELECT date_part('epoch', clock_timestamp())",
    }
    async with store.database.connect() as connection:
        begun = (await connection.execute(text(clock[store.database.dialect]))).scalar_one()
    async with store.leases.hold(*PRODUCT, LONG):
        async with store.database.connect() as connection:
            now = (await connection.execute(text(clock[store.database.dialect]))).scalar_one()
        assert begun + LEASE_SECONDS <= await expiry(store) <= now + LEASE_SECONDS + 1


async def test_it_is_given_back_whatever_happens(store: SqlStore, other: SqlStore) -> None:
    entered = asyncio.Event()

    async def cancelled() -> None:
        async with store.leases.hold(*PRODUCT, LONG):
            entered.set()
            await asyncio.sleep(LONG)

    async def failing() -> None:
        async with store.leases.hold(*PRODUCT, LONG):
            msg = "over"
            raise RuntimeError(msg)

    task = asyncio.create_task(cancelled())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    with pytest.raises(RuntimeError, match="over"):
        await failing()
    async with other.leases.hold(*PRODUCT, LONG):
        pass


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_a_holder_stopped_while_it_gives_back(store: SqlStore, steps: int) -> None:
    """However far it came: a lease left behind would keep everybody waiting until it runs out."""

    async def briefly() -> None:
        async with store.leases.hold(*PRODUCT, LONG):
            pass

    holder = asyncio.create_task(briefly())
    for _step in range(steps):
        await asyncio.sleep(0.0005)
    holder.cancel()
    with suppress(asyncio.CancelledError):
        await holder
    async with store.leases.hold(*PRODUCT, LEASE_SECONDS / 3):
        pass


async def test_a_waiter_that_goes_away_leaves_the_queue(store: SqlStore, other: SqlStore) -> None:
    async def wait() -> None:
        async with other.leases.hold(*PRODUCT, LONG):
            pytest.fail("two hold one lease")

    async with store.leases.hold(*PRODUCT, LONG):
        task = asyncio.create_task(wait())
        await until(store, 1)
        task.cancel()
        await asyncio.wait([task])
        assert await waiting(store) == 0


async def test_without_a_database_there_is_no_lease(store: SqlStore) -> None:
    async with store.leases.hold(*PRODUCT, LONG) as lease:
        async with store.database.begin() as connection:
            await connection.execute(text("DROP TABLE leases"))
        with pytest.raises(StoreUnavailable):
            await lease.require()
    with pytest.raises(StoreUnavailable):
        async with store.leases.hold(*PRODUCT, LONG):
            pytest.fail("nobody can know who holds it")
