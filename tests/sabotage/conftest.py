"""One service and one browser for the whole table; each entry starts from the recipe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from service_bench import Bench, bench_for, quiet

from imis_sso.simulators import Simulation, Variant, follow_recipe


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("simulation")) as simulation:
        yield simulation


@pytest.fixture(scope="module")
async def opened(
    started: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    async with bench_for(started, tmp_path_factory.mktemp("service")) as bench:
        with quiet():
            yield bench


@pytest.fixture
def bench(opened: Bench) -> Bench:
    """Both environments by the recipe, in test mode."""
    simulation = opened.simulation
    for name in simulation.environments:
        for product in (
            simulation.imis(name),
            simulation.cloud_sso(name),
            simulation.directory(name),
        ):
            product.change_variant(Variant().as_dict())
            product.reset(state=True)
        follow_recipe(simulation, name)
    return opened
