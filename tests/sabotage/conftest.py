"""One service and one browser for the whole table; each entry starts from the recipe."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from service_bench import Bench, bench_for

from imis_sso.simulators import Simulation, Variant, follow_recipe


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("simulation")) as simulation:
        yield simulation


@pytest.fixture(scope="session")
async def opened(
    started: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    async with bench_for(started, tmp_path_factory.mktemp("service")) as bench:
        logging.getLogger("imis_sso").setLevel(logging.ERROR)
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
