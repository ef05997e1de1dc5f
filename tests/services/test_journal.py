"""Every write is on the audit trail before and after it (contract section 7, targets R7, R10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pair_bench import AGREEING, BUILT_IN, HIDING, REF, VERSION, PairBench, mode_is, raising
from sqlalchemy import text

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.access import Origin
from imis_sso.domain.audit import faults
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    AuditUnavailable,
    Problem,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.services.journal import NOT_RECORDED, SPOOLED
from imis_sso.services.recovery import recover
from imis_sso.store.engine import SqlStore, open_store

NAME = {"name": "Members"}


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[PairBench]:
    """A bench with a store of its own, which a test may break."""
    store = await open_store(tmp_path / "data")
    yield PairBench(store)
    await store.aclose()


async def refusal(bench: PairBench, declared: dict[str, Any], **more: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await bench.put(OPENID_CONNECT, declared, **more)
    return caught.value


async def test_a_write_leaves_an_intent_and_an_outcome(bench: PairBench) -> None:
    origin = Origin("192.0.2.7", "ticket 12", {"repository": "o/r"})
    before = await bench.get()
    after = (await bench.put(OPENID_CONNECT, NAME, origin=origin)).reading
    intent, outcome = await bench.trail()
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert intent["write"] == outcome["write"] != ""
    assert intent["who"] == outcome["who"] == "ci"
    assert intent["from"] == {
        "address": "192.0.2.7",
        "claims": {"repository": "o/r"},
        "stated_reason": "ticket 12",
    }
    assert intent["facts"] == {"before": before.etag, "fields": ["name"], "forced": []}
    assert outcome["facts"] == {"result": "applied", "after": after.etag}
    assert await bench.store.trail.intents(bench.environment) == []


async def test_the_chain_holds_and_every_line_is_signed(bench: PairBench) -> None:
    """target R10."""
    for name in ("a", "b", "c"):
        await bench.put(OPENID_CONNECT, {"name": name})
    trail = bench.store.trail
    lines = await trail.lines(bench.environment)
    checkpoints = await trail.checkpoints(bench.environment)
    assert [each.seq for each in lines] == [1, 2, 3, 4, 5, 6]
    assert list(faults(lines, checkpoints)) == []
    assert isinstance(bench.store, SqlStore)
    signer = bench.store.signer
    assert all(signer.signed(each.statement(), each.signature) for each in checkpoints)


async def test_a_pushed_secret_is_on_the_trail_as_fingerprints(bench: PairBench) -> None:
    """contract C20."""
    bench.cloud.product.secret = "rotated"
    pushed = {REF: BUILT_IN, VERSION: bench.version("rotated")}
    await bench.put(OPENID_CONNECT, pushed)
    assert await bench.facts("intent", "secret") == [
        {"before": bench.version("cloud"), "after": bench.version("rotated")}
    ]
    assert "rotated" not in str(await bench.trail())


async def test_an_identical_put_leaves_no_intent_but_the_first_is_an_adoption(
    bench: PairBench,
) -> None:
    """contract C2, C5: the state found is kept, so that it can be given back."""
    await bench.put(OPENID_CONNECT, {"client_id": AGREEING["client_id"]})
    await bench.put(OPENID_CONNECT, {"client_id": AGREEING["client_id"]})
    assert [each["kind"] for each in await bench.trail()] == ["adopted"]
    period = await bench.store.managed.current(bench.environment, OPENID_CONNECT.path)
    assert period is not None
    assert period.found is not None
    found = await bench.store.history.snapshot(bench.environment, period.found)
    assert found is not None
    assert found.documents[OPENID_CONNECT.path]["client_id"] == AGREEING["client_id"]


async def test_snapshots_hold_what_was_found_and_what_was_written(bench: PairBench) -> None:
    before = await bench.get()
    await bench.put(OPENID_CONNECT, NAME)
    bench.imis.product.values["name"] = "by hand"
    await bench.put(OPENID_CONNECT, NAME)
    moments = await bench.store.history.moments(bench.environment)
    assert [(each.cause, each.resource.partition("/")[2]) for each in moments] == [
        ("written", "openid-connect"),
        ("found", "openid-connect"),
        ("written", "openid-connect"),
        ("found", "openid-connect"),
        ("found", "oidc-authentication"),
    ], "the mode stands on the same record, so it is known too"
    kept = [
        await bench.store.history.snapshot(bench.environment, each.snapshot) for each in moments
    ]
    assert [each.documents[OIDC_AUTHENTICATION.path] for each in kept if each] == [
        {"mode": "disabled"}
    ] * 5
    names = [each.documents[OPENID_CONNECT.path]["name"] for each in kept[:4] if each]
    assert names == ["Members", "by hand", "Members", before.document.values()["name"]]


async def test_a_refusal_is_an_outcome(bench: PairBench) -> None:
    bench.imis.writing = raising(UpstreamRefused("No."))
    await refusal(bench, NAME)
    assert await bench.facts("outcome", "result") == ["not-applied"]
    assert await bench.facts("outcome", "problem") == ["upstream-refused"]


async def test_a_product_that_keeps_something_else_is_an_outcome_with_what_it_holds(
    bench: PairBench,
) -> None:
    def shouting(change: Change, base: Observed) -> None:
        del base
        bench.imis.product.values["name"] = str(change.values["name"]).upper()

    bench.imis.writing = shouting
    await refusal(bench, NAME)
    assert await bench.facts("outcome", "result") == ["differs"]
    last = await bench.store.history.latest(bench.environment)
    assert last is not None
    assert last.documents[OPENID_CONNECT.path]["name"] == "MEMBERS"


@pytest.mark.parametrize("taken", [True, False])
async def test_an_unknown_outcome_stays_open_and_is_settled_by_the_next_write(
    bench: PairBench, taken: bool
) -> None:
    """target R7: settled by reading, never guessed."""

    def lost(change: Change, base: Observed) -> None:
        if taken:
            bench.imis.take(change, base)
        raise WriteUncertain(UpstreamTimeout("No answer."))

    bench.imis.writing = lost
    bench.imis.before["read", bench.imis.count("read") + 2] = raising(UpstreamUnavailable("Gone."))
    problem = await refusal(bench, NAME)
    assert problem.upstream_writes == 1
    assert len(await bench.store.trail.intents(bench.environment)) == 1
    bench.imis.writing = bench.imis.take
    await bench.put(OPENID_CONNECT, {"client_id": "other"})
    results = await bench.facts("outcome", "result")
    assert results == ["applied" if taken else "not-applied", "applied"]
    assert await bench.facts("outcome", "settled") == [True, None]
    assert await bench.store.trail.intents(bench.environment) == []


@asynccontextmanager
async def _killed(bench: PairBench, *, taken: bool) -> AsyncIterator[None]:
    """Leave a write as a process does that dies between sending it and reading back."""
    reached = asyncio.Event()

    async def dying(change: Change, base: Observed) -> None:
        if taken:
            bench.imis.take(change, base)
        reached.set()
        await asyncio.Event().wait()

    bench.imis.writing = dying
    yield
    bench.imis.writing = bench.imis.take
    assert reached.is_set()


async def _die(bench: PairBench, declared: dict[str, Any], *, taken: bool, **more: Any) -> None:
    async with _killed(bench, taken=taken):
        dead = asyncio.create_task(bench.put(OPENID_CONNECT, declared, **more))
        while "write" not in bench.imis.calls:
            await asyncio.sleep(0)
        dead.cancel()
        await asyncio.wait([dead])
    bench.imis.calls.clear()


@pytest.mark.parametrize("taken", [True, False])
async def test_a_write_cut_short_is_settled_on_the_first_request(
    bench: PairBench, taken: bool
) -> None:
    """target R7."""
    await _die(bench, NAME, taken=taken)
    (intent,) = await bench.store.trail.intents(bench.environment)
    assert (dict(intent.after), intent.who) == (NAME, "ci")
    bench.with_policy()  # as after a restart
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["applied" if taken else "not-applied"]
    assert await bench.managed(OPENID_CONNECT) is taken
    await recover(bench.pair)
    assert bench.imis.calls == ["read"]


async def test_what_a_person_made_of_it_meanwhile_is_said(bench: PairBench) -> None:
    await _die(bench, NAME, taken=True)
    bench.imis.product.values["name"] = "by hand"
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["differs"]


async def test_a_product_out_of_reach_settles_nothing_yet(bench: PairBench) -> None:
    await _die(bench, NAME, taken=True)
    show, bench.imis.product.show = bench.imis.product.show, raising(UpstreamUnavailable("x"))  # type: ignore[method-assign]
    await recover(bench.pair)
    assert len(await bench.store.trail.intents(bench.environment)) == 1
    bench.imis.product.show = show  # type: ignore[method-assign]
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["applied"]


@pytest.mark.parametrize("shows", HIDING)
@pytest.mark.parametrize("taken", [True, False])
async def test_a_hidden_secret_cut_short_is_pushed_again(
    bench: PairBench, shows: Any, taken: bool
) -> None:
    """Nothing can tell whether it arrived, so the version reads as unknown."""
    bench.imis.product.shows = shows
    await bench.record(BUILT_IN, "cloud")
    bench.cloud.product.secret = "rotated"
    await _die(bench, {REF: BUILT_IN, VERSION: bench.version("rotated")}, taken=taken)
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["unknown"]
    assert await bench.shown() == ("", "")
    again = {REF: BUILT_IN, VERSION: bench.version("rotated")}
    assert (await bench.put(OPENID_CONNECT, again)).writes == 1


async def test_a_shown_secret_cut_short_is_known(bench: PairBench) -> None:
    bench.cloud.product.secret = "rotated"
    await _die(bench, {REF: BUILT_IN, VERSION: bench.version("rotated")}, taken=True)
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["applied"]
    assert await bench.shown() == (BUILT_IN, bench.version("rotated"))


@pytest.mark.parametrize("taken", [True, False])
async def test_a_record_that_was_to_be_made(bench: PairBench, taken: bool) -> None:
    bench.imis.product.exists = False
    await _die(bench, dict(AGREEING), taken=taken)
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["applied" if taken else "not-applied"]


@pytest.fixture
def full(own: PairBench) -> Iterator[PairBench]:
    """A bench whose store can be read and not written, as on a full disk."""
    assert isinstance(own.store, SqlStore)
    engine = own.store.database.engine.sync_engine

    from sqlalchemy import event

    def refuse(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine, "checkout", refuse)
    yield own
    event.remove(engine, "checkout", refuse)


async def test_no_trail_no_write_and_reads_go_on(full: PairBench) -> None:
    """target R10: disk full → writes refused, reads go on."""
    problem = await refusal(full, NAME)
    assert type(problem) is AuditUnavailable
    assert "nothing was written" in problem.detail
    assert full.imis.count("write") == 0
    assert (await full.get()).document.values()["name"] == "Cloud SSO"


@pytest.mark.parametrize("after", ["test_mode", "disabled"])
async def test_lowering_goes_on_without_a_trail_and_is_merged_later(
    own: PairBench, after: str
) -> None:
    """contract 1.2: a signed spool takes the trail's place until it can be merged."""
    mode_is(own, "enabled")
    assert isinstance(own.store, SqlStore)
    async with own.store.database.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_lines RENAME TO away"))
    outcome = await own.put(OIDC_AUTHENTICATION, {"mode": after})
    assert (outcome.writes, outcome.notices) == (1, (SPOOLED,))
    assert own.imis.product.values["mode"] == after
    assert len(own.store.spool.pending(own.environment)) == 2
    async with own.store.database.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO audit_lines"))
    await recover(own.pair)
    lines = await own.trail()
    assert [each["kind"] for each in lines] == ["spooled", "spooled"]
    entries = [each["facts"]["entry"] for each in lines]
    assert [each["kind"] for each in entries] == ["intent", "outcome"]
    assert entries[0]["facts"]["fields"] == ["mode"]
    assert own.store.spool.pending(own.environment) == []


async def test_an_outcome_that_cannot_be_recorded_is_settled_later(own: PairBench) -> None:
    assert isinstance(own.store, SqlStore)
    database = own.store.database

    async def writing(change: Change, base: Observed) -> None:
        own.imis.take(change, base)
        async with database.begin() as connection:
            await connection.execute(text("ALTER TABLE history RENAME TO away"))

    own.imis.writing = writing
    outcome = await own.put(OPENID_CONNECT, NAME)
    assert (outcome.writes, outcome.notices) == (1, (NOT_RECORDED,))
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO history"))
    await recover(own.pair)
    assert await own.facts("outcome", "result") == ["applied"]
