"""After an emergency nobody raises the mode until somebody releases the hold (contract 1.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pair_bench import PairBench, mode_is
from restore_bench import OTHER, TWO_HOSTS, back, known_as, products
from sqlalchemy import event, text

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Entry, Kind, faults
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import AuditUnavailable, Held, Problem
from imis_sso.domain.resources import OIDC_AUTHENTICATION
from imis_sso.services.holding import HOLD_SPOOLED, HOLD_UNRECORDED
from imis_sso.services.perform import NOT_REMEMBERED
from imis_sso.store.engine import SqlStore, open_store

pytestmark = pytest.mark.anyio

UP = [("disabled", "test_mode"), ("test_mode", "enabled"), ("disabled", "enabled")]
WHO = ("ada", "people are locked out", Origin("192.0.2.1", "ticket 7"))


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[PairBench]:
    """A bench with a store of its own, which a test may break."""
    store = await open_store(tmp_path / "data")
    yield PairBench(store)
    await store.aclose()


@pytest.fixture
def read_only(own: PairBench) -> Iterator[PairBench]:
    """A bench whose store can be read and not written; `mend` ends that."""
    assert isinstance(own.store, SqlStore)
    engine = own.store.database.engine.sync_engine

    def refuse(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine, "checkout", refuse)
    yield own
    if event.contains(engine, "checkout", refuse):
        event.remove(engine, "checkout", refuse)


def mend(bench: PairBench) -> None:
    """Let the store be written again."""
    assert isinstance(bench.store, SqlStore)
    engine = bench.store.database.engine.sync_engine

    @event.listens_for(engine, "checkout")
    def allow(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only = OFF")
        cursor.close()


async def refusal(bench: PairBench, mode: str, **more: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await bench.put(OIDC_AUTHENTICATION, {"mode": mode}, **more)
    return caught.value


async def hold(bench: PairBench) -> tuple[str, ...]:
    _, notices = await bench.pair.journal.holding.set(*WHO)
    return notices


async def release(bench: PairBench) -> Any:
    await bench.pair.journal.merge()
    return await bench.pair.journal.holding.release("bob", "mended", Origin())


@pytest.mark.parametrize(("before", "after"), UP)
@pytest.mark.parametrize("more", [{}, {"force": True}, {"dry_run": True}])
async def test_every_step_up_is_refused_while_a_hold_stands(
    bench: PairBench, before: str, after: str, more: dict[str, Any]
) -> None:
    """contract 1.2, C15: forced and dry runs alike, before any product is asked for it."""
    mode_is(bench, before)
    assert await hold(bench) == ()
    problem = await refusal(bench, after, **more)
    assert type(problem) is Held
    for said in ("people are locked out", "by ada since 20", "--release --reason", "hold/release"):
        assert said in problem.detail
    assert bench.imis.calls == ["read"]
    assert bench.cloud.calls == []


@pytest.mark.parametrize(("after", "before"), UP)
async def test_lowering_is_never_held(bench: PairBench, before: str, after: str) -> None:
    mode_is(bench, before)
    await hold(bench)
    assert (await bench.put(OIDC_AUTHENTICATION, {"mode": after})).writes == 1
    assert (await bench.put(OIDC_AUTHENTICATION, {"mode": after})).writes == 0


async def test_a_hold_that_comes_while_the_mode_is_being_raised_stops_it(bench: PairBench) -> None:
    """The gates take their time: what stands when they are done counts."""
    mode_is(bench, "test_mode")

    async def emergency() -> None:
        await hold(bench)

    bench.imis.before["login", 1] = emergency
    assert type(await refusal(bench, "enabled")) is Held
    assert bench.imis.count("write") == 0


async def test_hold_and_release_are_lines_of_the_trail(bench: PairBench) -> None:
    await hold(bench)
    released = await release(bench)
    assert (released.who, released.reason) == ("ada", "people are locked out")
    first, second = await bench.trail()
    assert (first["kind"], first["who"]) == ("hold", "ada")
    assert first["facts"] == {"reason": "people are locked out"}
    assert first["from"]["address"] == "192.0.2.1"
    assert (second["kind"], second["who"], second["facts"]) == (
        "release",
        "bob",
        {"reason": "mended"},
    )
    assert (await bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})).writes == 1


async def test_releasing_what_does_not_stand_says_nothing(bench: PairBench) -> None:
    assert await release(bench) is None
    assert await bench.trail() == []


async def test_a_newer_hold_takes_the_place_of_an_older_one(bench: PairBench) -> None:
    await hold(bench)
    await bench.pair.journal.holding.set("eve", "again", Origin())
    assert '"again"' in (await refusal(bench, "test_mode")).detail
    await release(bench)
    assert (await bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})).writes == 1


async def test_a_hold_lies_in_the_signed_spool_while_the_store_is_read_only(
    read_only: PairBench,
) -> None:
    """Must show of the issue: lowered, held by the spool, merged, released, raised."""
    bench = read_only
    mode_is(bench, "enabled")
    assert await hold(bench) == (HOLD_SPOOLED,)
    await bench.put(OIDC_AUTHENTICATION, {"mode": "disabled"})
    assert bench.imis.product.values["mode"] == "disabled"
    assert type(await refusal(bench, "test_mode")) is Held
    with pytest.raises(AuditUnavailable):
        await bench.pair.journal.holding.release("bob", "mended", Origin())
    mend(bench)
    bench.with_policy()  # as after a restart
    assert type(await refusal(bench, "test_mode")) is Held
    kinds = [each["kind"] for each in await bench.trail()]
    assert kinds == ["spooled", "hold", "spooled", "spooled"]
    assert bench.store.spool.pending(bench.environment) == []
    stored = await bench.store.holds.current(bench.environment)
    assert stored is not None
    assert (stored.who, stored.reason) == ("ada", "people are locked out")
    assert type(await refusal(bench, "test_mode", force=True)) is Held
    await release(bench)
    assert (await bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})).writes == 1
    trail = bench.store.trail
    lines = await trail.lines(bench.environment)
    assert list(faults(lines, await trail.checkpoints(bench.environment))) == []


async def test_a_spooled_release_ends_a_spooled_hold(bench: PairBench) -> None:
    """In the spool and when it is merged: the last line counts."""
    name, spool = bench.environment, bench.store.spool
    spool.add(Entry(name, Kind.HOLD, "ada", facts={"reason": "r"}))
    assert await bench.pair.journal.holding.current() is not None
    spool.add(Entry(name, Kind.RELEASE, "bob", facts={"reason": "r"}))
    assert await bench.pair.journal.holding.current() is None
    await bench.pair.journal.merge()
    assert await bench.store.holds.current(name) is None
    kinds = [each["kind"] for each in await bench.trail()]
    assert kinds == ["spooled", "hold", "spooled", "release"]


async def test_a_forged_line_of_the_spool_holds_nothing(
    bench: PairBench, memory: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever can write the folder, but has not the key, cannot stop the mode from being raised."""
    bench.store.spool.add(Entry(bench.environment, Kind.HOLD, "ada", facts={"reason": "r"}))
    file = memory.spool._file(bench.environment)
    file.write_text(file.read_text().replace('"ada"', '"eve"'))
    assert (await bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})).writes == 1
    assert "wrong signature" in caplog.text
    assert not file.exists(), "merging drops what nobody signed"


async def test_where_nothing_can_be_written_this_process_holds_all_the_same(
    read_only: PairBench, tmp_path: Path
) -> None:
    (tmp_path / "data" / "spool").write_text("no folder")
    assert await hold(read_only) == (HOLD_UNRECORDED,)
    assert type(await refusal(read_only, "test_mode")) is Held
    (tmp_path / "data" / "spool").unlink()
    mend(read_only)
    assert await release(read_only) is not None
    assert (await read_only.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})).writes == 1


async def test_where_holds_cannot_be_read_nothing_is_raised(own: PairBench) -> None:
    assert isinstance(own.store, SqlStore)
    async with own.store.database.begin() as connection:
        await connection.execute(text("DROP TABLE holds"))
    with pytest.raises(StoreUnavailable):
        await own.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})
    assert own.imis.count("write") == 0


@pytest.mark.parametrize("live", ["disabled", "test_mode"])
async def test_an_order_that_only_lowers_never_raises(bench: PairBench, live: str) -> None:
    mode_is(bench, live)
    outcome = await bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"}, only_lowers=True)
    assert (outcome.writes, bench.imis.product.values["mode"]) == (0, live)
    assert not await bench.managed(OIDC_AUTHENTICATION)


async def test_what_is_spooled_while_another_process_merges_stays(bench: PairBench) -> None:
    """Two processes merge, and a third adds a line between: it is neither lost nor taken twice."""
    name, spool = bench.environment, bench.store.spool
    spool.add(Entry(name, Kind.HOLD, "ada", facts={"reason": "r"}))
    seen = spool.pending(name)
    spool.clear(name, seen)
    spool.add(Entry(name, Kind.RELEASE, "bob", facts={"reason": "r"}))
    spool.clear(name, seen)
    assert [each.entry.who for each in spool.pending(name)] == ["bob"]
    await bench.pair.journal.merge()
    spool.clear(name, seen)
    assert spool.pending(name) == []


async def test_a_spooled_hold_needs_no_store_to_be_known(own: PairBench) -> None:
    assert isinstance(own.store, SqlStore)
    async with own.store.database.begin() as connection:
        await connection.execute(text("DROP TABLE holds"))
    assert await hold(own) == (HOLD_SPOOLED,)
    for more in ({}, {"force": True}, {"dry_run": True}):
        assert type(await refusal(own, "test_mode", **more)) is Held


async def test_a_mode_that_is_low_already_needs_no_store(own: PairBench) -> None:
    """contract 1.2: whoever lowers is told that it is low, not that a database is gone."""
    assert isinstance(own.store, SqlStore)
    async with own.store.database.begin() as connection:
        await connection.execute(text("DROP TABLE managed"))
    outcome = await own.put(OIDC_AUTHENTICATION, {"mode": "disabled"})
    assert (outcome.writes, outcome.notices) == (0, (NOT_REMEMBERED,))
    with pytest.raises(StoreUnavailable):
        await own.put(OIDC_AUTHENTICATION, {})


@pytest.mark.parametrize("live", ["disabled", "test_mode", "enabled"])
async def test_a_restore_that_raises_is_held_before_anything_is_touched(
    bench: PairBench, live: str
) -> None:
    """Also where a live pair would only be lowered and raised again on the way."""
    bench.with_policy(pins=TWO_HOSTS)
    await bench.record("cloud-sso-imis-client", "cloud")
    old = await known_as(bench, "enabled")
    bench.imis.product.values |= {"mode": live, "redirect_login_url": OTHER}
    bench.cloud.product.values["redirect_url"] = OTHER
    await hold(bench)
    before, writes = products(bench), bench.imis.count("write")
    for dry_run in (True, False):
        with pytest.raises(Held):
            await back(bench, old, dry_run=dry_run)
    assert (products(bench), bench.imis.count("write")) == (before, writes)
    await release(bench)
    await back(bench, old)
    assert bench.imis.product.values["mode"] == "enabled"
