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
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import Busy
from imis_sso.domain.resources import (
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    OPENID_PROVIDER,
    Resource,
)
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
        turn = partial(store.leases.turn, "test", "imis")
        half = Half("imis", connector, hold, turn, waiting=3)
        made.append(Process(store, connector, half))
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


class EarlyRead:
    """A read that sees the product as it is now and answers when it is told to."""

    def __init__(self, process: Process) -> None:
        self._connector, self._read = process.connector, process.connector.read
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        process.connector.read = self  # type: ignore[assignment,method-assign]

    async def __call__(self, resource: Resource) -> Observed:
        self._connector.read = self._read  # type: ignore[method-assign]
        seen = await self._read(resource)
        self.begun.set()
        await self.go_on.wait()
        return seen


async def _write(process: Process, name: str) -> None:
    async with process.half.turn(Deadline(LONG)):
        base = await process.half.observe_afresh(OPENID_CONNECT)
        await process.half.write(OPENID_CONNECT, Change({"name": name}, None), base)


async def test_a_read_after_another_process_wrote_shares_none_from_before(
    processes: list[Process],
) -> None:
    """Target R8, contract C3: nothing stale is served."""
    first, second = processes
    early = EarlyRead(first)
    before = asyncio.create_task(first.half.observe(OPENID_CONNECT))
    await early.begun.wait()
    await _write(second, "b")

    after = await first.half.observe(OPENID_CONNECT)
    early.go_on.set()

    assert after.values["name"] == "b"
    assert (await before).values["name"] == "a"


async def test_reads_share_a_fetch_while_nobody_writes(processes: list[Process]) -> None:
    """Contract C3."""
    first, second = processes
    await _write(second, "b")
    early = EarlyRead(first)
    one = asyncio.create_task(first.half.observe(OPENID_CONNECT))
    await early.begun.wait()
    others = [asyncio.create_task(first.half.observe(OPENID_CONNECT)) for _ in range(5)]
    await asyncio.sleep(0.1)
    early.go_on.set()

    seen = await asyncio.gather(one, *others)

    assert {each.values["name"] for each in seen} == {"b"}
    assert first.connector.count("read") == 1


async def test_a_store_that_is_away_ends_the_sharing_and_no_read(
    processes: list[Process],
) -> None:
    """Contract 7: reads go on without the store."""
    first = processes[0]
    await no_leases(first.store)
    early = EarlyRead(first)
    one = asyncio.create_task(first.half.observe(OPENID_CONNECT))
    await early.begun.wait()
    assert (await first.half.observe(OPENID_CONNECT)).values["name"] == "a"
    early.go_on.set()
    await one
    assert first.connector.count("read") == 2


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
