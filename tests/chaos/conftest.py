"""One service on simulated products for every run of a process, impatient so that runs are short."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from chaos_model import LANES
from chaos_steps import SECONDS
from service_bench import Bench, bench_for, quiet

from imis_sso import connecting
from imis_sso.connectors.base import LoginGuard
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.imis_rest import FairUse, ImisRest
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import UpstreamUnavailable
from imis_sso.domain.resources import IMIS_SSO_PAGE, Resource
from imis_sso.environments import EnvironmentConfig
from imis_sso.services.circuit import Patience
from imis_sso.simulators import Simulation
from imis_sso.store.base import Facts


def hasty_imis(config: EnvironmentConfig, guard: LoginGuard, _facts: Facts) -> ImisRest:
    """Make the connector to iMIS with little patience."""
    imis = config.imis
    return ImisRest(
        imis.url,
        connecting.credential(imis.username, imis.password),
        guard,
        ca_file=config.ca_file,
        request_seconds=SECONDS,
        requests_per_second=100_000,
        fair_use=FairUse(repeats=2, backoff=0.002),
    )


def hasty_dashboard(
    config: EnvironmentConfig, guard: LoginGuard, _facts: Facts
) -> CloudSsoDashboard:
    """Make the connector to the dashboard with little patience."""
    cloud_sso = config.cloud_sso
    return CloudSsoDashboard(
        cloud_sso.url,
        cloud_sso.cloud_id,
        connecting.credential(cloud_sso.username, cloud_sso.password),
        guard,
        ca_file=config.ca_file,
        read_seconds=6.0,
        save_seconds=6.0,
        settle_seconds=0.8,
        uses_per_second=1000,
    )


class Away:
    """The way into a Cloud SSO that is away the whole time."""

    name = "away"
    reach = Reach({IMIS_SSO_PAGE.name: frozenset()})
    write_seconds = 0.1

    def __init__(self, *_: object) -> None:
        pass

    async def read(self, _resource: Resource) -> Observed:
        raise UpstreamUnavailable("Cloud SSO cannot be reached.")

    async def write(self, _resource: Resource, _change: Change, _base: Observed) -> None:
        raise UpstreamUnavailable("Cloud SSO cannot be reached.")

    async def tenant(self) -> Mapping[str, str]:
        return {}

    async def findings(self) -> Sequence[Finding]:
        return ()

    async def aclose(self) -> None:
        pass


async def _opened(
    tmp_path_factory: pytest.TempPathFactory, dashboard: Any, names: Sequence[str]
) -> AsyncIterator[Bench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMIS_SSO_RATE_LIMIT", "100000")
        patch.setitem(connecting.BUILDERS, "imis_rest", hasty_imis)  # type: ignore[arg-type]
        patch.setitem(connecting.BUILDERS, "cloud_sso_dashboard", dashboard)  # type: ignore[arg-type]
        # A circuit opens and closes within a run.
        patch.setattr(connecting, "PATIENCE", Patience(failures=4, longest=0.03))
        place = tmp_path_factory.mktemp("chaos")
        with Simulation(place / "simulation", names) as simulation:
            async with bench_for(simulation, place) as bench:
                with quiet():
                    yield bench


@pytest.fixture(scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A service whose Cloud SSO is away, with lanes for runs that wait at the same time."""
    async for bench in _opened(tmp_path_factory, Away, LANES):
        yield bench


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A service with both products."""
    async for bench in _opened(tmp_path_factory, hasty_dashboard, LANES[:1]):
        yield bench
