"""A process that is killed at any await of the write path (contract section 7, target R7).

`dying_writer` kills itself (SIGKILL) at the n-th suspension of a write, for every n there is; this
process is the one that starts after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dying_writer import CASES, take_up
from pair_bench import REF, VERSION, PairBench, mode_is

from imis_sso.domain.audit import faults
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.services.recovery import recover
from imis_sso.store.engine import SqlStore, open_store

HERE = Path(__file__).parent
EVERY = int(os.environ.get("KILL_EVERY", "1"))
TAKEN: dict[str, Callable[[PairBench], bool]] = {
    "field": lambda bench: bench.imis.product.values["name"] == "Members",
    "record": lambda bench: bench.imis.product.exists,
    "secret": lambda bench: bench.imis.product.secret == "rotated",
    "hidden": lambda bench: bench.imis.product.secret == "rotated",
    "mode": lambda bench: bench.imis.product.values["mode"] == "enabled",
}


@pytest.fixture(scope="module")
def writer() -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": f"{HERE}:{os.environ.get('PYTHONPATH', '')}"}
    started = subprocess.Popen(
        [sys.executable, str(HERE / "dying_writer.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with started:
        yield started
        assert started.stdin
        started.stdin.close()


def _die(writer: subprocess.Popen[str], **order: Any) -> dict[str, Any]:
    assert writer.stdin
    assert writer.stdout
    writer.stdin.write(json.dumps(order) + "\n")
    writer.stdin.flush()
    answer: dict[str, Any] = json.loads(writer.stdout.readline())
    return answer


@pytest.mark.parametrize("name", CASES)
async def test_killed_at_every_await(
    writer: subprocess.Popen[str], tmp_path: Path, name: str
) -> None:
    """R7: after the restart the truth is known, the chain holds, and the next write goes through."""
    store = await open_store(tmp_path / "data")
    number, results = 0, set()
    try:
        while True:
            number += EVERY
            order = {"folder": str(tmp_path), "case": name, "environment": f"e{number}"}
            told = _die(writer, number=number, **order)
            if not told["killed"]:
                break
            results |= await _after_the_restart(store, tmp_path, name, f"e{number}")
    finally:
        await store.aclose()
    assert int(told["steps"]) > 10, "the write was never followed"
    assert results == ({"unknown"} if name == "hidden" else {"applied", "not-applied"})


async def _after_the_restart(store: SqlStore, folder: Path, name: str, of: str) -> set[str]:
    bench = PairBench(store, of)
    CASES[name].before(bench)
    take_up(bench, folder / f"{of}.json")
    taken, trail = TAKEN[name](bench), store.trail
    was_open = await trail.intents(of)
    await recover(bench.pair)
    assert await trail.intents(of) == []
    results = await bench.facts("outcome", "result")
    assert not taken or results, "the product was written without a line about it"
    if was_open and name != "hidden":
        assert results == ["applied" if taken else "not-applied"]
    await _another_write(bench)
    assert list(faults(await trail.lines(of), await trail.checkpoints(of))) == []
    return set(results) if was_open else set()


async def _another_write(bench: PairBench) -> None:
    if bench.imis.product.exists:
        mode_is(bench, "disabled")
    bench.source("spare", "spare-secret")
    declared = {"name": "afterwards", REF: "spare", VERSION: bench.version("spare-secret")}
    outcome = await asyncio.wait_for(bench.put(OPENID_CONNECT, declared), 5)
    assert outcome.writes == 1
