"""Two replicas on PostgreSQL behave as one (contract C32, C47, targets R7, R8)."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from postgresql_cluster import Cluster
from two_replicas import Place, Replicas, replicas

from imis_sso.domain.audit import faults
from imis_sso.simulators import Simulation
from imis_sso.simulators.faults import Fault


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("simulation")) as started:
        yield started


@pytest.fixture
def alone(simulation: Simulation, place: Place) -> Iterator[Replicas]:
    """Give two replicas that the test may do away with."""
    with replicas(simulation, place) as found:
        yield found


@pytest.fixture
def place(simulation: Simulation, cluster: Cluster, tmp_path: Path) -> Place:
    return Place.prepared(tmp_path, cluster.migrated(), simulation)


@pytest.fixture(scope="module")
def both(
    simulation: Simulation, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    """Give two replicas that tests share."""
    place = Place.prepared(tmp_path_factory.mktemp("both"), cluster.migrated(), simulation)
    with replicas(simulation, place) as found:
        yield found


@pytest.fixture(autouse=True)
def _untroubled(simulation: Simulation) -> None:
    simulation.imis("test").faults.clear()
    simulation.imis("test").counters.reset()


def outcomes(answers: list[httpx.Response]) -> list[int]:
    return sorted(each.status_code for each in answers)


async def trail(both: Replicas) -> list[dict[str, Any]]:
    """Give the audit trail, whose chain must hold and which must leave nothing open."""
    store = await both.store()
    lines = await store.trail.lines("test")
    checkpoints = await store.trail.checkpoints("test")
    assert list(faults(lines, checkpoints)) == []
    assert await store.trail.intents("test") == []
    await store.aclose()
    return [each.as_dict() for each in lines]


def test_of_both_one_writes_at_a_time_and_nothing_is_lost(both: Replicas) -> None:
    """Target R8, contract C32: the simulator never sees two requests at once."""
    names = [f"name {number}" for number in range(16)]
    both.imis.faults.add(Fault("latency", {"role": "write"}, None, params={"seconds": 0.02}))
    with ThreadPoolExecutor(8) as pool:
        sent = [
            pool.submit(both.put, (both.first, both.second)[number % 2], {"name": name})
            for number, name in enumerate(names)
        ]
        answers = [each.result() for each in sent]
    assert outcomes(answers) == [200] * 16, [each.text for each in answers]
    assert [each.json()["name"] for each in answers] == names
    assert both.imis.counters.max_simultaneous == 1
    assert both.imis.counters.writes == 16
    applied = [
        each for each in asyncio.run(trail(both)) if each["facts"].get("result") == "applied"
    ]
    assert len(applied) == 16


def test_fifty_writers_with_one_etag_at_both(both: Replicas) -> None:
    """Targets R5, R8."""
    first = both.put(both.first, {"name": "start"})
    etag = first.headers["ETag"]
    with ThreadPoolExecutor(10) as pool:
        sent = [
            pool.submit(
                both.put,
                (both.first, both.second)[number % 2],
                {"name": f"name {number}"},
                **{"If-Match": etag},
            )
            for number in range(50)
        ]
        answers = [each.result() for each in sent]
    assert outcomes(answers) == [200, *[412] * 49]
    (won,) = [each for each in answers if each.status_code == 200]
    assert both.put(both.second, {}).json()["name"] == won.json()["name"]


def test_a_refused_log_in_is_tried_once_in_total(
    simulation: Simulation, place: Place, tmp_path: Path
) -> None:
    """Contract C47."""
    (tmp_path / "wrong").write_text("canary-wrong")
    imis = simulation.imis("test")
    with replicas(simulation, place, password=f"file:{tmp_path / 'wrong'}") as both:
        imis.faults.add(Fault("latency", {"role": "login"}, None, params={"seconds": 0.3}))
        with ThreadPoolExecutor(8) as pool:
            sent = [
                pool.submit(both.put, (both.first, both.second)[number % 2], {"name": "x"})
                for number in range(8)
            ]
            answers = [each.result() for each in sent]
        assert outcomes(answers) == [424] * 8, [each.text for each in answers]
        assert imis.counters.refused_logins == 1
        assert "canary" not in both.first.printed + both.second.printed


def test_one_is_killed_under_load_while_it_writes(alone: Replicas) -> None:
    """Targets R7, R8: the other goes on within 30 seconds, and nobody's write is lost."""
    acknowledged = [alone.put(each, {"name": "start"}) for each in (alone.first, alone.second)]
    assert outcomes(acknowledged) == [200, 200]
    alone.imis.counters.reset()
    slow = Fault("latency", {"role": "write"}, 1, params={"seconds": 3})
    alone.imis.faults.add(slow)
    with ThreadPoolExecutor(6) as pool:
        doomed = pool.submit(alone.put, alone.first, {"name": "doomed"})
        while not alone.imis.counters.writes:
            time.sleep(0.01)
        waiting = [pool.submit(alone.put, alone.second, {"name": f"n{n}"}) for n in range(4)]
        alone.first.process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        answers = []
        for each in waiting:
            answer = each.result()
            while answer.status_code == 503 and time.monotonic() < killed + 60:
                time.sleep(int(answer.headers["Retry-After"]))
                answer = alone.put(alone.second, {"name": "again"})
            answers.append(answer)
            if len(answers) == 1:
                went_on = time.monotonic() - killed
        with pytest.raises(httpx.HTTPError):
            doomed.result()
    assert outcomes(answers) == [200] * 4, [each.text for each in answers]
    assert went_on < 30
    last = alone.put(alone.second, {}).json()["name"]
    assert last in {each.json()["name"] for each in answers}
    lines = asyncio.run(trail(alone))
    intents = {each["write"] for each in lines if each["kind"] == "intent"}
    ended = {each["write"]: each["facts"] for each in lines if each["kind"] == "outcome"}
    assert intents == ended.keys()
    assert [each["settled"] for each in ended.values() if "settled" in each] == [True]
