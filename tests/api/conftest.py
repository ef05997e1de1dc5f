"""One simulation and one service for all API tests of a process; each test finds them as new.

The service keeps its sessions at the products, and its Chromium, over all tests: that makes them
quick. Tests that ask for `settled` in place of `bench` need no Chromium at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from api_answers import PARTNER_SECRET, PARTNER_SOURCE, Another, settle
from service_bench import Bench, bench_for
from sqlalchemy import delete
from wire import listening

from imis_sso.simulators import Simulation, Variant
from imis_sso.store.tables import METADATA

SECRETS = {
    "partner": {"source": f"env:{PARTNER_SOURCE}", "for": ["imis/openid-connect"]},
    "vanished": {"source": "env:IMIS_SSO_TEST_NEVER_SET", "for": ["imis/openid-connect"]},
}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("simulation")) as simulation:
        yield simulation


def _as_at_its_start(simulation: Simulation) -> None:
    """Put the simulation back, but for the log-in sessions, which take long to get."""
    for name in simulation.environments:
        imis, cloud_sso = simulation.imis(name), simulation.cloud_sso(name)
        tokens, sessions = dict(imis._tokens), dict(cloud_sso._sessions)
        staff = dict(imis.staff._sessions)
        for product in (imis, cloud_sso):
            if product.variant != Variant():
                product.change_variant(Variant().as_dict())
            product.reset(state=True)
        imis._tokens, cloud_sso._sessions = tokens, sessions
        imis.staff._sessions = staff


@pytest.fixture(scope="session")
async def standing(
    running: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    _as_at_its_start(running)
    with pytest.MonkeyPatch.context() as patch:
        # All tests are one caller here; the limit itself has its own tests.
        patch.setenv("IMIS_SSO_RATE_LIMIT", "100000")
        place = tmp_path_factory.mktemp("service")
        async with bench_for(running, place, {"secrets": SECRETS}) as bench:
            yield bench


@pytest.fixture
def fresh(running: Simulation) -> Simulation:
    """The simulation as at its start."""
    _as_at_its_start(running)
    return running


@pytest.fixture
async def bench(standing: Bench, fresh: Simulation, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The service with nothing recorded: reading imis/openid-connect infers its secret's name."""
    monkeypatch.setenv(PARTNER_SOURCE, PARTNER_SECRET)
    # One transaction in place of many calls: hundreds of tests begin with this.
    async with standing.service.store.database.begin() as connection:
        for table in METADATA.sorted_tables:
            await connection.execute(delete(table))
    for pair in standing.service.pairs.values():
        for circuit in pair.circuits.values():
            circuit._close()  # what an earlier test did to a product is over
    return standing


@pytest.fixture
async def settled(bench: Bench) -> Bench:
    """The service with iMIS's secret on record, nameless: nothing of Cloud SSO needs be read."""
    await settle(bench)
    return bench


@pytest.fixture
async def port(settled: Bench) -> AsyncIterator[int]:
    """The application behind its real server, on a real socket."""
    async with listening(settled.app) as found:
        yield found


@pytest.fixture
def another(fresh: Simulation, tmp_path: Path) -> Another:
    """Opens services of their own, with their own data directory, shared within one test.

    What is given is laid over the environment `test` of the registry, and over its `server`.
    """

    def opened(
        change: Mapping[str, Any] | None = None, server: Mapping[str, Any] | None = None
    ) -> AbstractAsyncContextManager[Bench]:
        return bench_for(fresh, tmp_path, change, server)

    return opened
