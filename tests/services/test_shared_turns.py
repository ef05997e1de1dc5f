"""One product of two processes: the queue of each, then the lease they share (contract C32)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from pair_bench import IMIS_FIELDS, MemoryConnector, PairBench, Product, mode_is
from postgresql_cluster import Cluster
from sqlalchemy import text

from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import Busy
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT, OPENID_PROVIDER
from imis_sso.services.deadline import Deadline
from imis_sso.services.half import Half
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.postgresql import Server

pytestmark = pytest.mark.anyio

LONG = 60.0
SOON = 0.5


@dataclass
class Process:
    """One process: its store, its way into the product."""

    store: SqlStore
    connector: MemoryConnector
    half: Half


@pytest.fixture
def database(server: Server | None, request: pytest.FixtureRequest) -> Server | None:
    """A database of its own for a test that breaks it."""
    cluster: Cluster | None = request.getfixturevalue("cluster") if server else None
    return None if cluster is None else Server(cluster.migrated())


@pytest.fixture
async def processes(database: Server | None, tmp_path: Path) -> AsyncIterator[list[Process]]:
    """Two processes with one store, in front of one product."""
    product = Product({"name": "a"})
    made = []
    for _ in range(2):
        store = await open_store(tmp_path / "data", server=database)
        connector = MemoryConnector(OPENID_PROVIDER, product, IMIS_FIELDS)
        hold = partial(store.leases.hold, "test", "imis")
        made.append(Process(store, connector, Half("imis", connector, hold, waiting=3)))
    yield made
    for each in made:
        await each.store.aclose()


async def no_leases(store: SqlStore) -> None:
    async with store.database.begin() as connection:
        await connection.execute(text("DROP TABLE leases"))


async def test_two_processes_never_write_at_once(processes: list[Process]) -> None:
    """Target R8."""
    writing, most = 0, 0

    async def slow(change: Change, _: object) -> None:
        nonlocal writing, most
        writing += 1
        most = max(most, writing)
        await asyncio.sleep(0.01)
        writing -= 1

    async def write(process: Process) -> None:
        async with process.half.turn(Deadline(LONG)):
            base = await process.half.observe_afresh(OPENID_CONNECT)
            await process.half.write(OPENID_CONNECT, Change({"name": "b"}, None), base)

    for each in processes:
        each.connector.writing = slow
    await asyncio.gather(*(write(processes[number % 2]) for number in range(6)))
    assert most == 1


async def test_who_lost_the_lease_does_not_write(processes: list[Process]) -> None:
    """Contract C32: for example a process that was stopped for a while."""
    first, second = processes
    async with first.half.turn(Deadline(LONG)):
        base = await first.half.observe_afresh(OPENID_CONNECT)
        async with first.store.database.begin() as connection:
            await connection.execute(text("UPDATE leases SET expires_at = 0"))
        async with second.half.turn(Deadline(LONG)):
            with pytest.raises(Busy, match="nothing was written"):
                await first.half.write(OPENID_CONNECT, Change({"name": "b"}, None), base)
    assert first.connector.count("write") == 0


async def test_the_lease_is_waited_for_only_as_long_as_there_is_room(
    processes: list[Process],
) -> None:
    """Contract C33."""
    first, second = processes
    async with first.half.turn(Deadline(LONG)):
        with pytest.raises(Busy):
            async with second.half.turn(Deadline(SOON)):
                pytest.fail("two have the turn")
    async with second.half.turn(Deadline(LONG)):
        pass


async def test_no_more_wait_than_the_operator_allows(processes: list[Process]) -> None:
    """Contract C32: bounded; who finds the queue full is told at once."""
    half, entered = processes[0].half, []

    async def wait() -> None:
        async with half.turn(Deadline(LONG)):
            entered.append(1)

    async with half.turn(Deadline(LONG)):
        tasks = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="ahead"):
            await wait()
    await asyncio.gather(*tasks)
    assert len(entered) == 3
    await wait()


async def test_without_the_store_nobody_writes_unless_the_mode_is_lowered(
    processes: list[Process],
) -> None:
    """Contract 1.2."""
    process = processes[0]
    await no_leases(process.store)
    with pytest.raises(StoreUnavailable):
        async with process.half.turn(Deadline(LONG)):
            pytest.fail("nobody knows whose turn it is")
    async with process.half.turn(Deadline(LONG), without_store=True):
        base = await process.half.observe_afresh(OPENID_CONNECT)
        await process.half.write(OPENID_CONNECT, Change({"name": "b"}, None), base)
    assert process.connector.count("write") == 1


async def test_a_store_that_dies_during_the_turn(processes: list[Process]) -> None:
    """Contract 1.2."""
    half, store = processes[0].half, processes[0].store
    base = await half.observe_afresh(OPENID_CONNECT)
    for without_store in (False, True):
        async with half.turn(Deadline(LONG), without_store=without_store):
            async with store.database.begin() as connection:
                await connection.execute(text("ALTER TABLE leases RENAME TO gone"))
            if without_store:
                await half.write(OPENID_CONNECT, Change({"name": "b"}, None), base)
            else:
                with pytest.raises(StoreUnavailable):
                    await half.write(OPENID_CONNECT, Change({"name": "b"}, None), base)
            async with store.database.begin() as connection:
                await connection.execute(text("ALTER TABLE gone RENAME TO leases"))
    assert processes[0].connector.count("write") == 1


async def test_lowering_goes_on_without_leases_and_nothing_else_does(
    processes: list[Process],
) -> None:
    """Contract 1.2, through the one write path."""
    process = processes[0]
    bench = PairBench(process.store)
    hold = partial(process.store.leases.hold, bench.environment, "imis")
    bench.pair.halves["imis"] = Half("imis", bench.imis, hold)  # type: ignore[index]
    mode_is(bench, "enabled")
    await no_leases(process.store)
    with pytest.raises(StoreUnavailable):
        await bench.put(OPENID_CONNECT, {"email_body": "x"})
    with pytest.raises(StoreUnavailable):
        await bench.put(OIDC_AUTHENTICATION, {"mode": "enabled"})
    await bench.put(OIDC_AUTHENTICATION, {"mode": "disabled"})
    assert bench.imis.product.values["mode"] == "disabled"
