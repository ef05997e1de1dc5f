"""What a restore meets: pins, reach, gates, a dead half, and what cuts it short (contract 7, R9)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pair_bench import (
    AGREEING,
    PairBench,
    mode_is,
    raising,
)
from restore_bench import MODE, OTHER, TWO_HOSTS, back, known, latest, products
from sqlalchemy import text

from imis_sso.domain.observed import Change, Observed, Reach
from imis_sso.domain.problems import (
    AuditUnavailable,
    InvalidSettings,
    NotFound,
    ObserveOnly,
    PreconditionFailed,
    UntrustedHost,
    UpstreamUnavailable,
    WrongTenant,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OPENID_CONNECT,
    find,
)
from imis_sso.domain.snapshots import Snapshot
from imis_sso.services import past
from imis_sso.services.recovery import recover
from imis_sso.services.restore_parts import NOTHING
from imis_sso.store.engine import open_store

pytestmark = pytest.mark.anyio


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
