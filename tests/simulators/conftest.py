"""One running simulation for all these tests, put back to its start before each of them."""

from __future__ import annotations

import os
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

from imis_sso.simulators import CloudSsoModel, DirectoryModel, ImisModel, Simulation, Variant
from imis_sso.simulators.product import Product

_FLAGS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """A simulation that is started once."""
    with Simulation(tmp_path_factory.mktemp("simulation")) as simulation:
        yield simulation


@pytest.fixture
def simulation(running: Simulation) -> Simulation:
    """The simulation, every variant, state, fault and counter as at its start."""
    for name in running.environments:
        for product in _products(running, name):
            product.change_variant(Variant().as_dict())
            product.reset(state=True)
    return running


def _products(running: Simulation, name: str) -> tuple[Product, ...]:
    return running.imis(name), running.cloud_sso(name), running.directory(name)


@pytest.fixture
def imis(simulation: Simulation) -> ImisModel:
    """The iMIS of the environment `test`."""
    return simulation.imis("test")


@pytest.fixture
def cloud_sso(simulation: Simulation) -> CloudSsoModel:
    """The Cloud SSO of the environment `test`."""
    return simulation.cloud_sso("test")


@pytest.fixture
def directory(simulation: Simulation) -> DirectoryModel:
    """The directories of the environment `test`."""
    return simulation.directory("test")


@pytest.fixture(scope="session")
def trust(running: Simulation) -> ssl.SSLContext:
    """Trust in the simulation's own CA, and in nothing else."""
    return ssl.create_default_context(cafile=running.ca_file)


@pytest.fixture(scope="module")
async def browser(running: Simulation, anyio_backend: str) -> AsyncIterator[Browser]:
    """Chromium that trusts the simulation's servers by their keys, and no other error."""
    pins = f"--ignore-certificate-errors-spki-list={','.join(running.spki_pins)}"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=os.environ.get("IMIS_SSO_CHROMIUM") or shutil.which("chromium"),
            args=[*_FLAGS, *sandbox, pins],
        )
        yield started
        await started.close()


@pytest.fixture
def imis_client(imis: ImisModel, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    """A client of iMIS without a token."""
    with httpx.Client(base_url=imis.base_url, verify=trust) as client:
        yield client


@pytest.fixture
def service_account(imis_client: httpx.Client, imis: ImisModel) -> httpx.Client:
    """A client of iMIS that is logged in as the service account; counters start after it."""
    form = {"grant_type": "password", "username": imis.username, "password": imis.password}
    token = imis_client.post("/token", data=form).json()["access_token"]
    imis_client.headers["Authorization"] = f"Bearer {token}"
    imis.reset()
    return imis_client


@pytest.fixture
def sso_client(cloud_sso: CloudSsoModel, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    """A client of Cloud SSO that follows no redirect and is not signed in."""
    with httpx.Client(base_url=cloud_sso.base_url, verify=trust) as client:
        yield client
