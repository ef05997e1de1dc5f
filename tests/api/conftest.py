"""One simulation and one service for all API tests of a process; each test finds them as new.

The service keeps its Chromium session over all tests, which is what makes them quick.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from imis_sso.simulators import Simulation, Variant
from service_bench import Bench, bench_for


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("simulation")) as simulation:
        yield simulation


@pytest.fixture(scope="session")
async def standing(
    running: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    async with bench_for(running, tmp_path_factory.mktemp("service")) as bench:
        yield bench


@pytest.fixture
async def bench(standing: Bench) -> Bench:
    for name in standing.simulation.environments:
        for product in (standing.simulation.imis(name), standing.simulation.cloud_sso(name)):
            product.change_variant(Variant().as_dict())
            product.reset(state=True)
    store = standing.service.store
    for environment in standing.simulation.environments:
        await store.applied_secrets.delete(environment, "imis/openid-connect")
        await store.refused_logins.forget(environment)
        for path in ("imis/openid-connect", "imis/oidc-authentication", "cloud-sso/imis-sso-settings"):
            await store.managed.end(environment, path)
    return standing
