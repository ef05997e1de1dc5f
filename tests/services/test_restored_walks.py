"""Any of the last fifty snapshots comes back, in any order (target R9)."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pair_bench import (
    AGREEING,
    BUILT_IN,
    REF,
    VERSION,
    PairBench,
)
from restore_bench import MODE, OTHER, TWO_HOSTS, back, known, latest, products

from imis_sso.domain.audit import faults
from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OPENID_CONNECT,
)
from imis_sso.domain.snapshots import Snapshot

pytestmark = pytest.mark.anyio


NAMES = ("one", "two", "three")
STEPS = 60


class Walk:
    """A random walk of a pair: writes to every document, secrets, modes, and people's edits."""

    def __init__(self, bench: PairBench, seed: int) -> None:
        self.bench, self.random = bench, random.Random(seed)
        for name in NAMES:
            bench.source(name, f"secret-{name}")
        # Where iMIS hides its secret, lowering must have it from elsewhere than Cloud SSO.
        bench.source("copy", "cloud")
        bench.with_policy(pins=TWO_HOSTS)
        self.states: dict[str, Any] = {}

    async def step(self) -> None:
        """Write something that changes; whatever the gates refuse is tried no more."""
        before = await latest_or_none(self.bench)
        while (now := await latest_or_none(self.bench)) == before or now is None:
            await self._write()
        self.states[now.id] = await self.seen()

    async def seen(self) -> tuple[dict[str, Any], dict[str, Any], str, tuple[str, str]]:
        """Give everything that a restore must bring back."""
        return *products(self.bench), self.bench.imis.product.secret, await self.bench.shown()

    async def _write(self) -> None:
        pick = self.random.choice
        live = self.bench.imis.product.values["mode"] == "enabled"
        kind = pick(("name", "redirect", "secret", "mode", "claim", "drift"))
        if live and kind != "name":
            kind = "mode"
        await getattr(self, f"_{kind}")()

    async def _name(self) -> None:
        await self.bench.put(OPENID_CONNECT, {"name": f"n{self.random.randrange(9)}"})

    async def _drift(self) -> None:
        self.bench.imis.product.values["name"] = f" By hand {self.random.randrange(9)} "
        await self._name()

    async def _claim(self) -> None:
        claim = self.random.choice(("staff", "role"))
        await self.bench.put(OPENID_CONNECT, {"user_authentication": {"claim_type": claim}})

    async def _redirect(self) -> None:
        url = self.random.choice((OTHER, AGREEING["redirect_login_url"]))
        await self.bench.put(IMIS_SSO_SETTINGS, {"redirect_url": url})
        if self.random.random() < 0.7:
            await self.bench.put(OPENID_CONNECT, {"redirect_login_url": url})

    async def _secret(self) -> None:
        name = self.random.choice((*NAMES, BUILT_IN, BUILT_IN))
        secret = "cloud" if name == BUILT_IN else f"secret-{name}"
        await self.bench.put(OPENID_CONNECT, {REF: name, VERSION: self.bench.version(secret)})

    async def _mode(self) -> None:
        live = str(self.bench.imis.product.values["mode"])
        up = {"disabled": "test_mode", "test_mode": "enabled"}.get(live, "test_mode")
        if up == "enabled":
            await self._agree()
        await self.bench.put(MODE, {"mode": self.random.choice((up, up, "disabled"))})

    async def _agree(self) -> None:
        url = AGREEING["redirect_login_url"]
        body = {**AGREEING, "user_authentication": {"claim_type": "staff"}}
        secret = {REF: BUILT_IN, VERSION: self.bench.version("cloud")}
        await self.bench.put(OPENID_CONNECT, body | secret)
        await self.bench.put(IMIS_SSO_SETTINGS, {"redirect_url": url})


async def latest_or_none(bench: PairBench) -> Snapshot | None:
    return await bench.store.history.latest(bench.environment)


@pytest.mark.parametrize(("seed", "shows"), [(1, "clear"), (2, "masked"), (3, "absent")])
async def test_any_of_the_last_fifty_comes_back(bench: PairBench, seed: int, shows: Any) -> None:
    """target R9: in any order, to equality on both products, secrets and modes included."""
    await bench.record(BUILT_IN, "cloud")
    bench.imis.product.shows = shows
    walk = Walk(bench, seed)
    await known(bench)
    for _ in range(STEPS):
        await walk.step()
    moments = await bench.store.history.moments(bench.environment, limit=500)
    last = [each for each in moments if each.snapshot in walk.states][:50]
    modes = {walk.states[each.snapshot][0]["mode"] for each in last}
    assert modes == set(RANK)
    order = [each.snapshot for each in last]
    walk.random.shuffle(order)
    for name in order:
        done = await back(bench, name)
        assert await walk.seen() == walk.states[name]
        assert done.notices == ()
        again = await back(bench, name, dry_run=True)
        assert not any(each.changes for each in again.plan.pieces)
    trail = bench.store.trail
    lines = await trail.lines(bench.environment)
    assert list(faults(lines, await trail.checkpoints(bench.environment))) == []


VALUES = {
    "name": st.text("ab ", max_size=4),
    "client_id": st.sampled_from(["", "x", " x"]),
    "redirect_login_url": st.sampled_from(["", "https://members.example.org", OTHER]),
    "set_login_hint": st.booleans(),
    "type": st.sampled_from(["okta", "other", "entra_id"]),
    "mode": st.sampled_from(["disabled", "test_mode"]),
}
STATES = st.fixed_dictionaries(VALUES)


@given(first=STATES, second=STATES, third=STATES)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
async def test_after_a_restore_nothing_is_left_to_change(
    bench: PairBench, first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    """target R9: whatever people typed, restore → a dry run without changes → back again."""
    bench.with_policy(pins=TWO_HOSTS)
    bench.imis.product.values |= first
    await bench.put(OPENID_CONNECT, {"external_id_claim_type": "marks"})
    old, at_old = await latest(bench), products(bench)
    bench.imis.product.values |= second
    await bench.put(OPENID_CONNECT, {"external_id_claim_type": "external_id"})
    bench.imis.product.values |= third
    at_new = products(bench)
    done = await back(bench, old)
    assert products(bench) == at_old
    shown = await back(bench, old, dry_run=True)
    assert (shown.plan.steps, [each.changes for each in shown.plan.pieces]) == ((), [(), ()])
    if done.before:
        await back(bench, done.before)
        assert products(bench) == at_new
