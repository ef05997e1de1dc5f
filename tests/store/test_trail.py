"""The audit trail in the database: one chain whoever writes, and no byte changed unseen (R10)."""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from imis_sso.domain.audit import Entry, Kind, Selection, faults
from imis_sso.domain.intents import Intent
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.domain.snapshots import Cause, State
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.postgresql import Server

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
PATH = OPENID_CONNECT.path


def entry(write: str, kind: Kind = Kind.INTENT, environment: str = "test", **facts: Any) -> Entry:
    """Make an entry of the caller `ci`."""
    return Entry(environment, kind, "ci", PATH, write, facts=facts)


def state(name: str, cause: Cause = Cause.WRITTEN) -> State:
    """Make a state of the document."""
    return State(PATH, {"name": name}, cause)


def intent(name: str) -> Intent:
    """Make an open write."""
    more = {"who": "ci", "before": {"name": ""}, "after": {"name": name}, "existed": True}
    return Intent(name, "test", "imis", PATH, AT, **more)


async def write_once(store: SqlStore, name: str) -> None:
    """Leave what one write leaves: an intent with what was found, an outcome with what came."""
    await store.trail.open(entry(name), intent(name), [state("found", Cause.FOUND)])
    await store.trail.close(entry(name, Kind.OUTCOME, result="applied"), [state(name)])


async def wrong(store: SqlStore, environment: str = "test") -> list[str]:
    """Give what is wrong with a chain, its checkpoints' signatures included."""
    trail, signer = store.trail, store.signer
    checkpoints = await trail.checkpoints(environment)
    found = [each.detail for each in faults(await trail.lines(environment), checkpoints)]
    forged = [each for each in checkpoints if not signer.signed(each.statement(), each.signature)]
    return found + ["a signature does not fit" for _ in forged]


async def consistent(store: SqlStore, writes: int) -> None:
    """Check chain, intents and history after so many writes."""
    lines = await store.trail.lines("test")
    assert [each.seq for each in lines] == list(range(1, 2 * writes + 1))
    assert await wrong(store) == []
    assert await store.trail.intents("test") == []
    bodies = {each.seq: json.loads(each.body) for each in lines}
    moments = await store.history.moments("test", limit=1000)
    written = [each for each in moments if each.cause == Cause.WRITTEN]
    assert len(written) == writes
    for each in moments:
        snapshot = await store.history.snapshot("test", each.snapshot)
        assert snapshot is not None
        line = bodies[each.seq]
        expected = line["write"] if line["kind"] == "outcome" else "found"
        assert snapshot.documents[PATH]["name"] == expected
    latest = await store.history.latest("test")
    assert latest is not None
    assert latest.id == moments[0].snapshot


async def test_many_tasks_at_once_keep_one_chain(store: SqlStore) -> None:
    await asyncio.gather(*(write_once(store, f"w{number}") for number in range(20)))
    await consistent(store, 20)


def _writing(place: str, name: str, server: Server | None) -> None:
    async def work() -> None:
        opened = await open_store(Path(place), server=server)
        await asyncio.gather(*(write_once(opened, f"{name}-{number}") for number in range(6)))
        await opened.aclose()

    asyncio.run(work())


async def test_many_processes_at_once_keep_one_chain(
    store: SqlStore, server: Server | None, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    place = str(tmp_path / "data")
    working = [context.Process(target=_writing, args=(place, name, server)) for name in "abc"]
    for each in working:
        each.start()
    for each in working:
        await asyncio.to_thread(each.join, 120)
    assert [each.exitcode for each in working] == [0, 0, 0]
    await consistent(store, 18)


async def test_environments_have_chains_of_their_own(store: SqlStore) -> None:
    for name in ("test", "prod", "test"):
        await store.trail.append(entry("w", environment=name))
    assert await store.trail.ends() == {"test": 2, "prod": 1}
    assert await wrong(store) == await wrong(store, "prod") == []


async def test_once_is_once_for_tasks_at_the_same_time(store: SqlStore) -> None:
    spooled = entry("w", Kind.SPOOLED)
    await asyncio.gather(*(store.trail.append_once(spooled) for _ in range(8)))
    assert await store.trail.ends() == {"test": 1}
    await store.trail.append_once(entry("other", Kind.SPOOLED))
    assert await store.trail.ends() == {"test": 2}
    assert await store.trail.has("test", Kind.SPOOLED, "w")
    assert not await store.trail.has("prod", Kind.SPOOLED, "w")


async def test_a_line_is_kept_with_everything_or_not_at_all(store: SqlStore) -> None:
    """What cannot be kept whole leaves neither line nor intent nor snapshot."""
    async with store.database.begin() as connection:
        await connection.execute(text("ALTER TABLE intents RENAME TO away"))
    with pytest.raises(StoreUnavailable):
        await store.trail.open(entry("w"), intent("w"), [state("found")])
    async with store.database.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO intents"))
    assert await store.trail.lines("test") == []
    assert await store.trail.checkpoints("test") == []
    assert await store.history.moments("test") == []


async def test_an_intent_is_read_back_as_it_was(store: SqlStore) -> None:
    found = await store.trail.open(entry("w"), intent("w"), [state("found")])
    (opened,) = await store.trail.intents("test")
    assert (opened.id, opened.found, opened.at) == ("w", found, AT)
    assert (opened.before, opened.after) == ({"name": ""}, {"name": "w"})
    assert await store.trail.intents("prod") == []


async def test_listeners_hear_of_what_is_committed_only(store: SqlStore) -> None:
    heard: list[int] = []
    store.trail.listen(lambda: heard.append(1))
    await store.trail.append(entry("w"))
    async with store.database.begin() as connection:
        await connection.execute(text("ALTER TABLE checkpoints RENAME TO away"))
    with pytest.raises(StoreUnavailable):
        await store.trail.append(entry("x"))
    assert heard == [1]


@pytest.fixture
def full(file_store: SqlStore) -> Iterator[None]:
    """A disk that has no page left (SQLITE_FULL)."""
    engine = file_store.database.engine.sync_engine

    def limit(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA max_page_count = 1")  # as many as there are, at the least
        cursor.close()

    def widen(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA max_page_count = 1000000")
        cursor.close()

    event.listen(engine, "checkout", limit)
    yield
    event.remove(engine, "checkout", limit)
    event.listen(engine, "checkout", widen)


async def test_a_full_disk_is_said_and_leaves_the_chain_whole(
    file_store: SqlStore, full: None
) -> None:
    """target R10."""
    written = 0

    async def until_full() -> None:
        nonlocal written
        while True:
            await file_store.trail.append(entry("w", text="x" * 500), [state(f"s{written}")])
            written += 1

    with pytest.raises(StoreUnavailable, match=r"^database or disk is full$"):
        await until_full()
    assert len(await file_store.trail.lines("test")) == written
    assert len(await file_store.history.moments("test", limit=1000)) == written
    assert await wrong(file_store) == []


TABLE = "audit_lines"
COLUMNS = ("environment", "seq", "at", "kind", "resource", "who", "write", "body", "hash")


async def test_one_bit_of_any_column_of_any_line(file_store: SqlStore) -> None:
    """target R10: also of what is stored beside the line to search by; the last line included."""
    for name in ("w1", "w2"):
        await write_once(file_store, name)
    for row, column in itertools.product(range(1, 5), COLUMNS):
        before = await _stored(file_store, row, column)
        for place, mask in itertools.product({0, len(before) - 1}, (0x01, 0x80)):
            changed = bytearray(before)
            changed[place] ^= mask
            with suppress(IntegrityError):  # a number that is taken: the database refuses it
                await _overwrite(file_store, row, column, bytes(changed))
                assert await wrong(file_store), (row, column, place, mask)
        await _overwrite(file_store, row, column, before)
    assert await wrong(file_store) == []


async def _stored(store: SqlStore, row: int, column: str, table: str = TABLE) -> bytes:
    query = text(f'SELECT CAST("{column}" AS BLOB) FROM {table} WHERE rowid = :row')
    async with store.database.connect() as connection:
        found: bytes = (await connection.execute(query, {"row": row})).scalar_one()
    return found


async def _overwrite(
    store: SqlStore, row: int, column: str, value: bytes, table: str = TABLE
) -> None:
    # Into a column of whole numbers, text that is none goes as it is: SQLite takes it.
    query = text(f'UPDATE {table} SET "{column}" = CAST(:value AS TEXT) WHERE rowid = :row')
    async with store.database.begin() as connection:
        await connection.execute(query, {"value": value, "row": row})


async def test_a_changed_checkpoint_does_not_fit(file_store: SqlStore) -> None:
    await write_once(file_store, "w1")
    for column in ("seq", "hash", "at", "signature"):
        before = await _stored(file_store, 2, column, "checkpoints")
        changed = b"9" if column == "seq" else before[:-1] + bytes([before[-1] ^ 1])
        await _overwrite(file_store, 2, column, changed, "checkpoints")
        assert await wrong(file_store), column
        await _overwrite(file_store, 2, column, before, "checkpoints")
    assert await wrong(file_store) == []


async def test_lines_are_found_by_what_they_say(store: SqlStore) -> None:
    for name in ("w1", "w2"):
        await write_once(store, name)
    await store.trail.append(entry("w3", Kind.OUTCOME, result="applied-not"))

    async def found(**selection: Any) -> list[int]:
        return [each.seq for each in await store.trail.find("test", Selection(**selection), 10)]

    assert await found() == [5, 4, 3, 2, 1]
    assert await found(newest_first=False, beyond=2) == [3, 4, 5]
    assert await found(beyond=3) == [2, 1]
    assert await found(write="w2") == [4, 3]
    assert await found(result="applied") == [4, 2]
    assert await found(result="100%") == await found(who="nobody") == []
