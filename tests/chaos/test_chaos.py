"""Random operations under random faults: no wrong success, nothing half-written unreported (R6).

Every run is decided by its seed. `CHAOS_RUNS` sets how many there are, `CHAOS_SEED` repeats one.
"""

from __future__ import annotations

import asyncio
import os
from random import Random
from typing import Any

import chaos_steps
import pytest
from chaos_model import (
    CLIENT,
    LANES,
    MODE,
    OPENID_CONNECT,
    REDIRECT,
    SECRET,
    Step,
    Story,
    Window,
    document_of,
    flat,
    violations,
)
from long_runs import rounds
from secret_watch import MADE
from service_bench import BASE, Bench
from sqlalchemy import delete

from imis_sso.connectors.imis_rest import session
from imis_sso.domain.audit import Selection
from imis_sso.domain.secret import Secret
from imis_sso.services.secrets import Shown
from imis_sso.simulators import Variant
from imis_sso.simulators.product import Product
from imis_sso.store.tables import APPLIED_SECRETS, MANAGED, REFUSED_LOGINS

pytestmark = pytest.mark.anyio

RUNS = int(os.environ.get("CHAOS_RUNS", rounds(500, 250)))
ONE_SEED = os.environ.get("CHAOS_SEED")
BATCHES = 10
STEPS, DASHBOARD_RUNS, DASHBOARD_STEPS = 8, rounds(8, 4), 7


class Run:
    """One run against one service."""

    def __init__(self, bench: Bench, seed: int, lane: str = LANES[0]) -> None:
        self._bench, self._dice, self._lane = bench, Random(seed), lane
        self._imis = bench.simulation.imis(lane)
        self._cloud_sso = bench.simulation.cloud_sso(lane)
        pair = bench.service.pairs[lane]
        self._secrets, self._journal = pair.secrets, pair.journal
        self._told = 0
        self._products: dict[str, Product] = {"imis": self._imis, "cloud-sso": self._cloud_sso}
        self.story = Story(seed, lambda secret: pair.secrets.version(Secret(secret)))

    async def play(self, steps: int = STEPS) -> list[str]:
        """Play a run on iMIS, and judge it."""
        dice, imis = self._dice, self._imis
        await self._start()
        last: Step | None = None
        for _ in range(steps):
            while dice.random() < 0.45:
                imis.faults.add(chaos_steps.fault(dice))
            if dice.random() < 0.2:
                chaos_steps.by_hand(dice, imis)
            together = dice.choice([1, 1, 1, 1, 3]) if dice.random() < 0.9 else 5
            etag = last.answer.headers.get("etag", "") if last and last.answer else ""
            last = await self._window(
                [chaos_steps.request(dice, last, etag) for _ in range(together)],
                by_hand=together > 1 and dice.random() < 0.3,
            )
            if dice.random() < 0.5:
                imis.faults.clear()
        return await self._judged([OPENID_CONNECT, MODE])

    async def play_on_dashboard(self) -> list[str]:
        """Play a run on Cloud SSO's dashboard, and judge it."""
        dice, cloud_sso = self._dice, self._cloud_sso
        await self._start()
        for _ in range(DASHBOARD_STEPS):
            if dice.random() < 0.6:
                cloud_sso.faults.add(chaos_steps.dashboard_fault(dice))
            if dice.random() < 0.2:
                chaos_steps.dashboard_by_hand(dice, cloud_sso)
            await self._window([chaos_steps.redirect(dice, self._bench.redirect_url)])
            cloud_sso.faults.clear()
        return await self._judged([REDIRECT])

    async def _start(self) -> None:
        for product in self._products.values():
            product.change_variant(Variant().as_dict())
            product.reset(state=True)
        self._imis.change_variant(chaos_steps.variant(self._dice))
        tables = (APPLIED_SECRETS, MANAGED, REFUSED_LOGINS)
        async with self._bench.service.store.database.begin() as connection:
            for table in tables:
                await connection.execute(delete(table).where(table.c.environment == self._lane))
        held = Secret(self._imis.record["ClientSecret"])
        await self._secrets.remember(Shown("", self._secrets.version(held)))
        newest = await self._journal.lines(Selection(), 1)
        self._told = newest[0].seq if newest else 0
        self._look()
        self.story.secrets = {*MADE}

    async def _window(self, steps: list[Step], *, by_hand: bool = False) -> Step:
        self.story.secrets |= {each.body[SECRET] for each in steps if SECRET in (each.body or {})}
        work = [asyncio.create_task(self._send(step)) for step in steps]
        if by_hand:
            await asyncio.sleep(0.004)
            chaos_steps.by_hand(self._dice, self._imis, meanwhile=True)
        await asyncio.gather(*work)
        product = self._products[steps[0].product]
        trail = await self._trail()
        attempts = list(product.log.attempts)
        product.log.attempts.clear()
        until = product.log.states[-1].number
        self.story.windows.append(Window(steps[0].product, steps, attempts, until, trail))
        self._look()
        return steps[-1]

    async def _trail(self) -> list[dict[str, Any]]:
        selection = Selection(beyond=self._told, newest_first=False)
        lines = await self._journal.lines(selection, 500)
        self._told = lines[-1].seq if lines else self._told
        return [each.as_dict() for each in lines]

    async def _send(self, step: Step) -> None:
        step.answer = await self._bench.client.request(
            step.method,
            f"/v1/environments/{self._lane}/{step.path}",
            json=step.body,
            params=dict(step.query),
            headers=dict(step.headers),
        )

    def _look(self) -> None:
        for name, product in self._products.items():
            known = self.story.states.setdefault(name, {})
            known |= {each.number: each for each in product.log.states}

    async def _judged(self, paths: list[str]) -> list[str]:
        """Wait for what is still under way, judge, and see that all is well without faults."""
        for product in self._products.values():
            product.faults.clear()
        for window in self.story.windows:
            while not all(each.over for each in window.attempts):
                await asyncio.sleep(0.005)
        self._look()
        self.story.most_at_once = self._imis.counters.max_simultaneous
        found = violations(self.story)
        for path in paths:
            found += await self._calm(path)
        if await self._journal.trail.intents(self._lane):
            found.append("a write has no known outcome although the product can be read")
        return found

    async def _calm(self, path: str) -> list[str]:
        got, put = Step("GET", path), Step("PUT", path)
        for step in (got, put):
            for _ in range(100):
                await self._send(step)
                if step.told.status_code == 200:
                    break
                await asyncio.sleep(0.01)
            put.body = got.told.json()
        state = self._products[got.product].log.states[-1]
        held = document_of(path, state, self.story.version_of)
        if put.told.status_code != 200 or not held.items() <= flat(got.told.json()).items():
            return [f"without faults, {got} and {put} do not agree with what is held"]
        return [f"{put} writes"] if put.promised else []


def _failed(story: Story, found: list[str]) -> str:
    lines = "\n".join(f"- {each}" for each in found)
    repeat = f"CHAOS_SEED={story.seed} python -m pytest tests/chaos"
    return f"seed {story.seed}:\n{lines}\n{story.told()}\nrepeat it with: {repeat}"


async def _all(bench: Bench, seeds: range) -> None:
    """Play runs in every lane at once, each seed once, until one fails."""
    left, failures = iter(seeds), list[str]()

    async def play(lane: str) -> None:
        for seed in left:
            if failures:
                return
            run = Run(bench, seed, lane)
            if found := await run.play():
                failures.append(_failed(run.story, found))

    await asyncio.gather(*(play(lane) for lane in LANES))
    assert not failures, "\n\n".join(failures)


def _seeds(batch: int) -> range:
    if ONE_SEED is not None:
        return range(int(ONE_SEED), int(ONE_SEED) + 1)
    return range(RUNS * batch // BATCHES, RUNS * (batch + 1) // BATCHES)


@pytest.mark.parametrize("batch", range(1 if ONE_SEED else BATCHES))
async def test_nothing_is_lost_or_made_up_in_iMIS(hasty: Bench, batch: int) -> None:  # noqa: N802
    """Targets R6, contract section 7: every fault, every operation, one and several callers."""
    await _all(hasty, _seeds(batch))


@pytest.mark.browser
async def test_nothing_is_lost_or_made_up_on_the_dashboard(whole: Bench) -> None:
    """Targets R6: the same promises where a browser is the way in."""
    assert (await whole.client.get(f"{BASE}/{CLIENT}")).status_code == 200
    for seed in _seeds(0) if ONE_SEED else range(DASHBOARD_RUNS):
        run = Run(whole, seed)
        found = await run.play_on_dashboard()
        assert not found, _failed(run.story, found)


async def test_a_blind_retry_would_be_caught(hasty: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deliberate bug: a write that timed out is sent once more."""
    honest = session._was_not_taken

    def blind(outcome: object, method: str) -> bool:
        return isinstance(outcome, session.NoAnswer) or honest(outcome, method)  # type: ignore[arg-type]

    monkeypatch.setattr(session, "_was_not_taken", blind)
    with pytest.raises(AssertionError, match=r"_sent_once|\d writes and \d intents"):
        await _all(hasty, range(200))
