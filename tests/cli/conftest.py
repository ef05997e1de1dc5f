"""A simulation with a registry file that describes it, and one running service."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Registry
from service_bench import registry_document
from service_process import Running, running

from imis_sso.simulators import CloudSsoModel, ImisModel, Simulation, Variant


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing of the surroundings says where a registry or a service is; logging is put back."""
    names = ("CONFIG", "URL", "TOKEN", "DATA_DIR", "HOST", "PORT", "FINGERPRINT_KEY_FILE")
    for name in names:
        monkeypatch.delenv(f"IMIS_SSO_{name}", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)
    ours, root = logging.getLogger("imis_sso"), logging.getLogger()
    level, handlers = ours.level, list(root.handlers)
    yield
    ours.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("simulation")) as simulation:
        yield simulation


@pytest.fixture
def simulation(started: Simulation) -> Simulation:
    """The simulation as at its start."""
    for name in started.environments:
        for product in (started.imis(name), started.cloud_sso(name)):
            product.change_variant(Variant().as_dict())
            product.reset(state=True)
    return started


@pytest.fixture
def imis(simulation: Simulation) -> ImisModel:
    return simulation.imis("test")


@pytest.fixture
def cloud_sso(simulation: Simulation) -> CloudSsoModel:
    return simulation.cloud_sso("test")


@pytest.fixture
def registry(simulation: Simulation, tmp_path: Path) -> Registry:
    """Writes a registry file of the simulation; `change` is laid over its environment `test`."""

    def write(change: dict[str, Any] | None = None, **server: Any) -> Path:
        document = registry_document(simulation, tmp_path)
        for key, value in (change or {}).items():
            kept = document["environments"]["test"].get(key)
            both = isinstance(kept, dict) and isinstance(value, dict)
            document["environments"]["test"][key] = kept | value if both else value
        document["server"] |= server
        file = tmp_path / "imis-sso.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`imis-sso serve --simulate`, started once: its Chromium serves every test that asks."""
    folder = tmp_path_factory.mktemp("served")
    with running(folder, "serve", "--simulate", "--port", "0") as service:
        yield service


@pytest.fixture
def at(served: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The running service, as the one that commands ask."""
    monkeypatch.setenv("IMIS_SSO_URL", served.ready["base_url"])
    monkeypatch.setenv("IMIS_SSO_TOKEN", served.ready["token"])
    return served
