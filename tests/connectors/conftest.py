"""A simulated Cloud SSO and a connector to it with one browser for all tests (`dashboard_*`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from imis_sso.connectors.base import Credential
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.problems import UpstreamCredentialsRefused
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Simulation, Variant

SETTLE_SECONDS = 0.5


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run every asynchronous test and fixture in one event loop."""
    return "asyncio"


@dataclass
class MemoryGuard:
    """Remembers refused log-ins as the store does, for as long as it lives (contract C47)."""

    refused: list[tuple[str, str, str]] = field(default_factory=list)

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Refuse what was refused before."""
        if (address, username, password.reveal()) in self.refused:
            msg = "refused before"
            raise UpstreamCredentialsRefused(msg)

    async def remember(self, address: str, username: str, password: Secret) -> None:
        """Keep a refused log-in."""
        self.refused.append((address, username, password.reveal()))


Maker = Callable[..., CloudSsoDashboard]


def credential_of(username: str, password: str) -> Callable[[], Awaitable[Credential]]:
    """Give a source of a fixed credential."""

    async def credential() -> Credential:
        return Credential(username, Secret(password))

    return credential


@pytest.fixture(scope="session")
def dashboard_simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Two simulated environments, `test` and `prod`."""
    with Simulation(tmp_path_factory.mktemp("dashboard")) as simulation:
        yield simulation


@pytest.fixture(scope="session")
def dashboard_captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that captures of changed pages go to."""
    return tmp_path_factory.mktemp("captures")


@pytest.fixture(scope="session")
def dashboard_maker(dashboard_simulation: Simulation, dashboard_captures: Path) -> Maker:
    """Make connectors to the simulated Cloud SSO of `test`, keywords replacing the usual."""

    def make(*, guard: MemoryGuard | None = None, **other: object) -> CloudSsoDashboard:
        environment = dashboard_simulation.environments["test"]
        usual: dict[str, object] = {
            "base_url": environment.cloud_sso_url,
            "cloud_id": environment.cloud_id,
            "credential": credential_of(
                environment.cloud_sso_username, environment.cloud_sso_password
            ),
            "guard": guard or MemoryGuard(),
            "ca_file": dashboard_simulation.ca_file,
            "captures_dir": dashboard_captures,
            "settle_seconds": SETTLE_SECONDS,
        }
        return CloudSsoDashboard(**(usual | other))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
async def dashboard_warm(
    anyio_backend: str, dashboard_maker: Maker
) -> AsyncIterator[CloudSsoDashboard]:
    """One connector, and so one browser, for every test of the run."""
    assert anyio_backend == "asyncio"
    connector = dashboard_maker()
    yield connector
    await connector.aclose()


@pytest.fixture
def dashboard_model(dashboard_simulation: Simulation) -> CloudSsoModel:
    """The simulated Cloud SSO in its first state, nobody's session ended."""
    model = dashboard_simulation.cloud_sso("test")
    model.change_variant(Variant().as_dict())
    model.faults.clear()
    model.patch({"redirect_url": "https://old.example.org/"})
    model.reset()
    return model


@pytest.fixture
def dashboard(dashboard_warm: CloudSsoDashboard, dashboard_model: CloudSsoModel) -> CloudSsoDashboard:
    """The connector with the warm session, the simulated Cloud SSO in its first state."""
    assert dashboard_model.counters.requests == 0
    return dashboard_warm
