"""Any snapshot is put back by ordinary writes, audited and reversible (contract 7, target R9)."""

from __future__ import annotations

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

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import faults
from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    ActivationGuard,
    Held,
    InvalidSettings,
    PreconditionFailed,
    UpstreamRefused,
    VerificationFailed,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OPENID_CONNECT,
)
from imis_sso.domain.snapshots import Snapshot
from imis_sso.services.raising import UNDECIDED
from imis_sso.services.restore_parts import NOTHING, RESTORABLE, VERIFIED_LATER

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
