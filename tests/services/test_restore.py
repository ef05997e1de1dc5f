"""Any snapshot is put back by ordinary writes, audited and reversible (contract 7, target R9)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pair_bench import (
    AGREEING,
    BUILT_IN,
    PairBench,
    mode_is,
    raising,
)
from restore_bench import MODE, OTHER, TWO_HOSTS, back, known, known_as, latest, products
from sqlalchemy import text

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import faults
from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.observed import Change, Observed, Reach
from imis_sso.domain.problems import (
    ActivationGuard,
    AuditUnavailable,
    Held,
    InvalidSettings,
    NotFound,
    ObserveOnly,
    PreconditionFailed,
    UntrustedHost,
    UpstreamRefused,
    UpstreamUnavailable,
    VerificationFailed,
    WrongTenant,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OPENID_CONNECT,
    find,
)
from imis_sso.domain.snapshots import Snapshot
from imis_sso.services import past
from imis_sso.services.raising import UNDECIDED
from imis_sso.services.recovery import recover
from imis_sso.services.restore_parts import NOTHING, RESTORABLE, VERIFIED_LATER
from imis_sso.store.engine import open_store

pytestmark = pytest.mark.anyio


async def test_a_snapshot_comes_back_and_so_does_the_state_before_it(bench: PairBench) -> None:
    """target R9: equality, audited, reversible."""
    old, at_old = await known(bench), products(bench)
    await bench.put(OPENID_CONNECT, {"name": "second", "set_login_hint": False})
    await bench.put(MODE, {"mode": "test_mode"})
    bench.cloud.product.values["redirect_url"] = "https://members.example.org"  # by hand
    at_new = products(bench)
    done = await back(bench, old)
    assert products(bench) == at_old
    assert done.writes == 3
    again = await back(bench, done.before)
    assert products(bench) == at_new
    assert again.writes == 3
    assert (await back(bench, done.before)).writes == 0


async def test_every_step_is_on_the_trail_and_in_the_history(bench: PairBench) -> None:
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    before = len(await bench.trail())
    await back(bench, old)
    begun, intent, outcome = (await bench.trail())[before:]
    assert (begun["kind"], begun["who"]) == ("restore", "admin")
    assert begun["from"]["stated_reason"] == "it was better"
    assert begun["facts"] == {
        "snapshot": old.id,
        "resources": [each.path for each in RESTORABLE],
    }
    assert (intent["kind"], intent["facts"]["restores"]) == ("intent", old.id)
    assert intent["from"]["stated_reason"] == "it was better"
    assert (outcome["kind"], outcome["facts"]["result"]) == ("outcome", "applied")
    entry = (await bench.store.history.moments(bench.environment, limit=1))[0]
    assert (entry.cause, entry.resource, entry.snapshot) == (
        "restored",
        OPENID_CONNECT.path,
        old.id,
    )
    trail = bench.store.trail
    lines = await trail.lines(bench.environment)
    assert list(faults(lines, await trail.checkpoints(bench.environment))) == []


async def test_a_dry_run_shows_everything_and_writes_nothing(bench: PairBench) -> None:
    """contract C15."""
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    lines, writes = len(await bench.trail()), bench.imis.count("write")
    shown = await back(bench, old, dry_run=True)
    changes = [
        (each.resource, change.field) for each in shown.plan.pieces for change in each.changes
    ]
    assert changes == [(OPENID_CONNECT, "name")]
    assert (shown.writes, shown.before) == (0, "")
    assert (len(await bench.trail()), bench.imis.count("write")) == (lines, writes)
    assert shown.readings[OPENID_CONNECT.path].etag == (await bench.get()).etag


@pytest.mark.parametrize("moved", RESTORABLE, ids=lambda each: each.path)
async def test_it_is_refused_where_the_product_moved_since_it_was_looked_at(
    bench: PairBench, moved: Any
) -> None:
    """contract C34: before the first write, whichever document it is."""
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    await bench.put(MODE, {"mode": "test_mode"})
    shown = await back(bench, old, dry_run=True)
    expected = {path: each.etag for path, each in shown.readings.items()}
    name, value = {
        OPENID_CONNECT: ("name", "by hand"),
        MODE: ("mode", "disabled"),
        IMIS_SSO_SETTINGS: ("redirect_url", "https://members.example.org"),
    }[moved]
    half = bench.cloud if moved is IMIS_SSO_SETTINGS else bench.imis
    writes = bench.imis.count("write") + bench.cloud.count("write")
    kept, half.product.values[name] = half.product.values[name], value
    with pytest.raises(PreconditionFailed) as caught:
        await back(bench, old, expected=expected)
    assert [each.field for each in caught.value.errors] == [moved.path]
    assert bench.imis.count("write") + bench.cloud.count("write") == writes
    half.product.values[name] = kept
    await back(bench, old, expected=expected)


async def test_an_edit_between_look_and_write_is_refused_too(bench: PairBench) -> None:
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})

    def edit() -> None:
        bench.imis.product.values["type"] = "other"

    # Two fetches decide what is to be done, one tries it; the next belongs to the write.
    bench.imis.before["read", bench.imis.count("read") + 4] = edit
    with pytest.raises(PreconditionFailed, match=NOTHING):
        await back(bench, old)
    assert bench.imis.product.values["name"] == "second"


async def test_a_live_pair_is_lowered_changed_and_raised(bench: PairBench) -> None:
    """contract 1.2: with the activation verified; never edited while it is enabled."""
    bench.with_policy(pins=TWO_HOSTS)
    await bench.record(BUILT_IN, "cloud")
    await known(bench)
    for mode in ("test_mode", "enabled"):
        await bench.put(MODE, {"mode": mode})
    live = await latest(bench)
    await bench.put(MODE, {"mode": "test_mode"})
    await bench.put(OPENID_CONNECT, {"redirect_login_url": OTHER})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": OTHER})
    await bench.put(MODE, {"mode": "enabled"})
    seen: list[str] = []

    def watch(change: Change, base: Observed) -> None:
        critical = "redirect_login_url" in change.values
        assert not critical or bench.imis.product.values["mode"] == "test_mode"
        bench.imis.take(change, base)
        seen.append(str(change.values.get("mode", "page")))

    bench.imis.writing = watch
    done = await back(bench, live)
    assert seen == ["test_mode", "page", "enabled"]
    assert products(bench)[0]["mode"] == "enabled"
    assert products(bench)[0]["redirect_login_url"] == AGREEING["redirect_login_url"]
    assert done.writes == 4
    bench.imis.writing = bench.imis.take
    await back(bench, done.before)
    assert products(bench)[0]["redirect_login_url"] == OTHER


@pytest.mark.parametrize("live", RANK)
@pytest.mark.parametrize("then", RANK)
async def test_the_mode_ends_at_the_snapshots(bench: PairBench, live: str, then: str) -> None:
    """From every mode to every other, raised one step at a time."""
    await bench.record(BUILT_IN, "cloud")
    mode_is(bench, then)
    old = await known_as(bench, then)
    mode_is(bench, live)
    bench.imis.product.values["name"] = "by hand"
    done = await back(bench, old)
    assert bench.imis.product.values["mode"] == then
    assert bench.imis.product.values["name"] == "first"
    modes = [each.declared["mode"] for each in done.plan.steps if each.resource is MODE]
    assert modes == {
        ("disabled", "enabled"): ["test_mode", "enabled"],
    }.get((live, then), [then] if live != then else [])


async def test_a_live_pair_that_was_low_goes_down_at_once(bench: PairBench) -> None:
    """Sign-in depends on what changes, so the mode goes first; once is enough."""
    await bench.record(BUILT_IN, "cloud")
    old = await known_as(bench, "disabled")
    bench.imis.product.values |= {"mode": "enabled", "client_id": "by hand"}
    done = await back(bench, old)
    steps = [(each.resource, each.declared.get("mode")) for each in done.plan.steps]
    assert steps == [(MODE, "disabled"), (OPENID_CONNECT, None)]


async def test_a_pair_that_would_not_verify_is_not_touched(bench: PairBench) -> None:
    """Known before anything is written, so it is said before."""
    await bench.record(BUILT_IN, "cloud")
    await known(bench)
    for mode in ("test_mode", "enabled"):
        await bench.put(MODE, {"mode": mode})
    live = await latest(bench)
    await bench.put(MODE, {"mode": "test_mode"})
    await bench.put(OPENID_CONNECT, {"client_id": "new"})
    bench.cloud.product.values["client_id"] = "new"
    for dry_run in (True, False):
        with pytest.raises(VerificationFailed, match=NOTHING) as caught:
            await back(bench, live, dry_run=dry_run)
        assert [each.field for each in caught.value.errors] == ["client.id-matches"]
    assert products(bench)[0]["client_id"] == "new"
    await back(bench, live, resources=[OPENID_CONNECT])
    assert products(bench)[0]["client_id"] == AGREEING["client_id"]
    assert products(bench)[0]["mode"] == "test_mode"


@pytest.mark.parametrize("live", ["disabled", "test_mode"])
async def test_a_hold_stops_a_restore_that_raises_the_mode(bench: PairBench, live: str) -> None:
    """contract 1.2: said before anything is written; the documents alone may come back."""
    await bench.record(BUILT_IN, "cloud")
    old = await known_as(bench, "enabled")
    bench.imis.product.values |= {"mode": live, "name": "by hand"}
    await bench.pair.journal.holding.set("eve", "sign-in is broken", Origin())
    for dry_run in (True, False):
        with pytest.raises(Held, match=NOTHING):
            await back(bench, old, dry_run=dry_run)
    assert bench.imis.product.values["name"] == "by hand"
    await back(bench, old, resources=[OPENID_CONNECT])
    assert bench.imis.product.values["name"] == "first"
    low = Snapshot(bench.environment, {**old.documents, MODE.path: {"mode": "disabled"}})
    await back(bench, low)
    assert bench.imis.product.values["mode"] == "disabled"


async def test_what_can_only_be_tried_on_the_way_is_said(bench: PairBench) -> None:
    """contract C15."""
    await bench.record(BUILT_IN, "cloud")
    old = await known_as(bench, "enabled")
    bench.imis.product.values |= {"mode": "enabled", "client_id": "by hand", "name": "x"}
    shown = await back(bench, old, dry_run=True)
    assert shown.plan.undecided == (VERIFIED_LATER, UNDECIDED)
    shown = await back(bench, old, resources=[MODE], dry_run=True)
    assert shown.plan.undecided == ()


async def test_a_raise_that_fails_says_what_was_restored(bench: PairBench) -> None:
    await bench.record(BUILT_IN, "cloud")
    await known(bench)
    for mode in ("test_mode", "enabled"):
        await bench.put(MODE, {"mode": mode})
    live = await latest(bench)
    await bench.put(MODE, {"mode": "disabled"})
    await bench.put(OPENID_CONNECT, {"client_id": "old"})

    def moved(change: Change, base: Observed) -> None:
        bench.imis.take(change, base)
        bench.cloud.product.values["client_id"] = "moved"

    bench.imis.writing = moved
    before = products(bench)[0]
    with pytest.raises(VerificationFailed) as caught:
        await back(bench, live)
    told = caught.value
    assert [(each.field, each.detail) for each in told.errors][:2] == [
        (OPENID_CONNECT.path, "was restored"),
        (MODE.path, "was not restored"),
    ]
    assert "The mode is test_mode now." in told.detail
    assert told.upstream_writes == 2
    bench.cloud.product.values["client_id"] = "3f1c"
    bench.imis.writing = bench.imis.take
    await back(bench, told.detail.rpartition(" ")[2].rstrip("."))
    assert products(bench)[0] == before


@pytest.mark.parametrize("failing", ["imis", "cloud"])
async def test_a_write_that_fails_says_what_was_restored(bench: PairBench, failing: str) -> None:
    old, at_old = await known(bench), products(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    half = getattr(bench, failing)
    half.writing = raising(UpstreamRefused("No."))
    with pytest.raises(UpstreamRefused) as caught:
        await back(bench, old)
    states = {each.field: each.detail for each in caught.value.errors}
    done = failing == "imis"
    assert states == {
        IMIS_SSO_SETTINGS.path: "was restored" if done else "was not restored",
        OPENID_CONNECT.path: "was not restored",
    }
    assert caught.value.upstream_writes == int(done)
    assert (NOTHING in caught.value.detail) is not done
    half.writing = half.take
    await back(bench, old)
    assert products(bench) == at_old


async def test_only_the_named_documents(bench: PairBench) -> None:
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    await back(bench, old, resources=[OPENID_CONNECT])
    assert products(bench)[0]["name"] == "first"
    assert products(bench)[1]["redirect_url"] == ""
    alone = Snapshot(bench.environment, {OPENID_CONNECT.path: old.documents[OPENID_CONNECT.path]})
    with pytest.raises(InvalidSettings, match=IMIS_SSO_SETTINGS.path):
        await back(bench, alone, resources=[IMIS_SSO_SETTINGS])


@pytest.mark.parametrize("resource", [OPENID_CONNECT, IMIS_SSO_SETTINGS])
async def test_without_the_mode_a_live_pair_is_guarded(bench: PairBench, resource: Any) -> None:
    """contract 1.2: nobody asked for the mode to be changed."""
    old = await known(bench)
    bench.imis.product.values |= {"mode": "enabled", "redirect_login_url": ""}
    bench.cloud.product.values["redirect_url"] = ""
    with pytest.raises(ActivationGuard, match=MODE.path):
        await back(bench, old, resources=[resource])


async def test_a_live_pair_stays_live_where_sign_in_does_not_depend_on_it(
    bench: PairBench,
) -> None:
    await bench.record(BUILT_IN, "cloud")
    old = await known_as(bench, "enabled")
    mode_is(bench, "enabled")
    bench.imis.product.values["name"] = "by hand"
    done = await back(bench, old)
    assert [each.resource for each in done.plan.steps] == [OPENID_CONNECT]


# --- pins, form, reach ---------------------------------------------------------------------------


async def test_pins_always_win(bench: PairBench) -> None:
    """contract C45: also over what the product held once."""
    bench.with_policy(pins=TWO_HOSTS)
    await known(bench)
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": OTHER})
    other = await latest(bench)
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": AGREEING["redirect_login_url"]})
    await bench.put(OPENID_CONNECT, {"name": "second"})
    bench.with_policy()
    for dry_run in (True, False):
        with pytest.raises(UntrustedHost, match="imis_hosts") as caught:
            await back(bench, other, dry_run=dry_run)
        assert NOTHING in caught.value.detail
    assert products(bench)[0]["name"] == "second"


@pytest.mark.parametrize(
    "text", ["members", "http://members.example.org/", "https://u@x/", "https:"]
)
async def test_what_cannot_be_held_against_the_pins_is_not_trusted(
    bench: PairBench, text: str
) -> None:
    bench.cloud.product.values["redirect_url"] = text
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": AGREEING["redirect_login_url"]})
    found = (await bench.store.history.moments(bench.environment))[-1].snapshot
    with pytest.raises(UntrustedHost):
        await back(bench, found)


async def test_what_the_product_held_need_not_be_canonical(bench: PairBench) -> None:
    """Equality: a person's own spelling comes back as it was, rules and all."""
    typed = {
        "redirect_login_url": "https://MEMBERS.example.org:443",
        "name": " Members ",
        "tenant_id": "not with okta",
    }
    bench.imis.product.values |= typed
    before = products(bench)[0]
    await bench.put(
        OPENID_CONNECT,
        {"redirect_login_url": AGREEING["redirect_login_url"], "name": "Members", "tenant_id": ""},
    )
    found = (await bench.store.history.moments(bench.environment))[1].snapshot
    await back(bench, found)
    assert products(bench)[0] == before


async def test_a_field_out_of_reach_now_is_left_alone_and_said(bench: PairBench) -> None:
    """contract 1.1."""
    bench.imis.product.values["email_body"] = "Welcome"
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second", "email_body": "Hello"})
    record = OPENID_CONNECT.record.name
    bench.imis.reach = Reach({record: bench.imis.reach.fields[record] - {"email_body"}})
    show = bench.imis.product.show

    def hiding() -> Observed:
        seen = show()
        values = {key: value for key, value in seen.values.items() if key != "email_body"}
        return replace(seen, values=values)

    bench.imis.product.show = hiding  # type: ignore[method-assign]
    done = await back(bench, old)
    assert done.notices == (
        f"{OPENID_CONNECT.path}: email_body is out of reach now and stays as it is.",
    )
    assert products(bench)[0]["name"] == "first"
    assert products(bench)[0]["email_body"] == "Hello"


async def test_what_a_snapshot_does_not_say_stays(bench: PairBench) -> None:
    """A field of a later version, or one of an earlier one."""
    old = await known(bench)
    page = dict(old.documents[OPENID_CONNECT.path])
    del page["type"]
    page["gone"] = "x"
    older = Snapshot(bench.environment, {**old.documents, OPENID_CONNECT.path: page})
    await bench.put(OPENID_CONNECT, {"name": "second", "type": "other"})
    done = await back(bench, older)
    assert products(bench)[0]["type"] == "other"
    assert products(bench)[0]["name"] == "first"
    assert done.notices == (
        f"{OPENID_CONNECT.path}: type is not in the snapshot and stays as it is.",
    )


# --- other gates ---------------------------------------------------------------------------------


async def test_observe_only_is_shown_and_refused(bench: PairBench) -> None:
    """contract C44, C15."""
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    bench.with_policy(writes_allowed=False)
    shown = await back(bench, old, dry_run=True)
    assert [each.partition(":")[0] for each in shown.plan.gates] == ["observe-only"]
    lines = len(await bench.trail())
    with pytest.raises(ObserveOnly):
        await back(bench, old)
    assert len(await bench.trail()) == lines


async def test_the_wrong_tenant_of_either_half_stops_all(bench: PairBench) -> None:
    """contract C46."""
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    bench.with_policy(tenant={"organisation": "right"})
    bench.imis.tells = {"organisation": "wrong"}
    writes = bench.cloud.count("write")
    with pytest.raises(WrongTenant, match=NOTHING):
        await back(bench, old)
    assert bench.cloud.count("write") == writes


async def test_a_dead_half_does_not_stop_the_other_alone(bench: PairBench) -> None:
    old = await known(bench)
    mode_is(bench, "enabled")
    bench.cloud.product.show = raising(UpstreamUnavailable("dead"))  # type: ignore[method-assign]
    with pytest.raises(UpstreamUnavailable):
        await back(bench, old)
    await back(bench, old, resources=[MODE])
    assert bench.imis.product.values["mode"] == "disabled"


async def test_a_snapshot_has_many_names(bench: PairBench) -> None:
    old = await known(bench)
    entry = (await bench.store.history.moments(bench.environment, limit=1))[0]
    for name in (old.id, old.id[:6], old.id[:20], "latest", str(entry.number)):
        assert await past.snapshot(bench.pair, name) == old
    for name in ("", old.id[:5], "0", "9" * 9, "f" * 32, "%", "______", "LATEST", "../x"):
        with pytest.raises(NotFound):
            await past.snapshot(bench.pair, name)


async def test_a_name_that_fits_several_is_refused(bench: PairBench) -> None:
    seen: dict[str, str] = {}
    for number in range(3):
        await bench.put(OPENID_CONNECT, {"name": f"n{number}"})
    for entry in await bench.store.history.moments(bench.environment):
        seen[entry.snapshot] = str(entry.number)
    store: Any = bench.store
    twin = next(iter(seen))
    async with store.database.begin() as connection:
        await connection.execute(
            text("INSERT INTO snapshots VALUES (:environment, :id, '{\"documents\":{}}')"),
            {"environment": bench.environment, "id": twin[:12] + "0" * 20},
        )
    with pytest.raises(InvalidSettings, match="give more of it"):
        await past.snapshot(bench.pair, twin[:12])
    assert (await past.snapshot(bench.pair, twin)).id == twin


async def test_last_applied_is_each_document_as_we_made_it_last(bench: PairBench) -> None:
    """What `repair` goes back to: how a refreshed test database is put right."""
    with pytest.raises(NotFound):
        await past.snapshot(bench.pair, past.LAST_APPLIED)
    await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "ours"})
    await bench.put(MODE, {"mode": "test_mode"})
    bench.imis.product.values |= {"name": "by hand", "mode": "disabled", "client_id": "refreshed"}
    await bench.put(OPENID_CONNECT, {"type": "other"})
    bench.imis.product.values["type"] = "okta"
    done = await back(bench, past.LAST_APPLIED)
    values = products(bench)[0]
    assert (values["mode"], values["type"], values["name"]) == ("test_mode", "other", "by hand")
    assert done.writes == 2
    assert (await back(bench, past.LAST_APPLIED)).writes == 0


async def test_restores_at_the_same_time_do_not_mix(bench: PairBench) -> None:
    """Each write is tied to what was looked at, so one of them is refused."""
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    other = await latest(bench)
    await bench.put(OPENID_CONNECT, {"name": "third"})
    found = await asyncio.gather(back(bench, old), back(bench, other), return_exceptions=True)
    refused = [each for each in found if isinstance(each, BaseException)]
    assert all(isinstance(each, PreconditionFailed) for each in refused)
    assert len(refused) <= 1
    assert find(OPENID_CONNECT.path) is OPENID_CONNECT


async def test_a_restore_cut_short_is_settled_and_can_be_done_again(bench: PairBench) -> None:
    """target R7: its steps are ordinary writes."""
    old, at_old = await known(bench), products(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    reached = asyncio.Event()

    async def dying(change: Change, base: Observed) -> None:
        bench.imis.take(change, base)
        reached.set()
        await asyncio.Event().wait()

    bench.imis.writing = dying
    dead = asyncio.create_task(back(bench, old))
    await reached.wait()
    dead.cancel()
    await asyncio.wait([dead])
    bench.imis.writing = bench.imis.take
    bench.with_policy()  # as after a restart
    await recover(bench.pair)
    assert (await bench.facts("outcome", "settled"))[-1] is True
    assert products(bench) == at_old
    assert (await back(bench, old)).writes == 0


@pytest.mark.parametrize("table", ["audit_lines", "applied_secrets"])
async def test_a_store_that_fails_on_the_way_is_said(tmp_path: Path, table: str) -> None:
    """contract section 7: no trail, no write; and nothing is hidden."""
    store = await open_store(tmp_path / "data")
    bench = PairBench(store)
    old = await known(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})

    async def writing(change: Change, base: Observed) -> None:
        bench.cloud.take(change, base)
        async with store.database.begin() as connection:
            await connection.execute(text(f"ALTER TABLE {table} RENAME TO away"))

    bench.cloud.writing = writing
    with pytest.raises(AuditUnavailable) as caught:
        await back(bench, old)
    assert [each.detail for each in caught.value.errors] == ["was restored", "was not restored"]
    assert products(bench)[0]["name"] == "second"
    async with store.database.begin() as connection:
        await connection.execute(text(f"ALTER TABLE away RENAME TO {table}"))
    await back(bench, old)
    assert products(bench)[0]["name"] == "first"
    await store.aclose()
