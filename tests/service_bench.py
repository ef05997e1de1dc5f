"""The service in this process, in front of real simulators: what API tests work with."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from imis_sso.app import Service, create_app, opened
from imis_sso.domain.access import Scope
from imis_sso.environments import load
from imis_sso.settings import ServerSettings
from imis_sso.simulators import CloudSsoModel, ImisModel, Simulation

BASE = "/v1/environments/test"
OPENID_CONNECT = f"{BASE}/imis/openid-connect"
MODE = f"{BASE}/imis/oidc-authentication"
CLIENT = f"{BASE}/cloud-sso/imis-client"
REDIRECT = f"{BASE}/cloud-sso/imis-sso-settings"
PERMITTED = "who made the simulators, 2026-01-01"


def registry_document(
    simulation: Simulation, place: Path, imis_connector: str | list[str] = "imis_rest"
) -> dict[str, Any]:
    """Describe the simulated environments as a registry file does, writes allowed.

    `imis_connector` serves the iMIS half, or those of a list do in turn.
    """
    environments = {}
    for name, each in simulation.environments.items():
        passwords = {"imis": each.imis_password, "cloud_sso": each.cloud_sso_password}
        for product, password in passwords.items():
            (place / f"{name}-{product}").write_text(password, "utf-8")
        environments[name] = {
            "writes": "allowed",
            "ca_file": str(simulation.ca_file),
            "sso_hosts": [urlsplit(each.cloud_sso_url).netloc],
            "egress": {"allow": [urlsplit(each.cloud_sso_url).netloc]},
            "imis": {
                "url": each.imis_url,
                "connector": imis_connector,
                "automation_permitted_by": PERMITTED,
                "sign_in_path": "/sign-in",
                "username": each.imis_username,
                "password": f"file:{place / f'{name}-imis'}",
                "requests_per_second": 1000,  # the cap itself has its own tests
            },
            "cloud_sso": {
                "url": each.cloud_sso_url,
                "connector": "cloud_sso_dashboard",
                "automation_permitted_by": PERMITTED,
                "cloud_id": each.cloud_id,
                "username": each.cloud_sso_username,
                "password": f"file:{place / f'{name}-cloud_sso'}",
                "uses_per_second": 1000,
            },
        }
    return {"server": {"data_dir": str(place / "data")}, "environments": environments}


class Bench:
    """A service, a client with all scopes, and the simulators behind it.

    `client` has a token with the scope admin; `caller()` makes clients with others.
    """

    def __init__(self, service: Service, simulation: Simulation) -> None:
        self.service = service
        self.simulation = simulation
        self.app = create_app(service)
        self.client = self.caller(Scope.ADMIN)

    def caller(
        self, scope: Scope, environments: tuple[str, ...] | None = None
    ) -> httpx.AsyncClient:
        """Give a client with a token of a scope, bound to environments or to none."""
        token = self.service.store.tokens.ephemeral("caller", scope, environments)
        return self.anybody({"Authorization": f"Bearer {token}"})

    def anybody(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """Give a client that sends just these headers."""
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://shim", headers=headers)

    @property
    def imis(self) -> ImisModel:
        """The simulated iMIS of the environment `test`."""
        return self.simulation.imis("test")

    @property
    def cloud_sso(self) -> CloudSsoModel:
        """The simulated Cloud SSO of the environment `test`."""
        return self.simulation.cloud_sso("test")

    async def agreeing(self) -> dict[str, Any]:
        """Give a body for openid-connect with which both halves agree."""
        answer = await self.client.get(CLIENT)
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        return {
            "authority_url": shown["issuer"],
            "client_id": shown["client_id"],
            "client_secret_ref": "cloud-sso-imis-client",
            "client_secret_version": shown["client_secret_version"],
            "external_id_claim_type": "external_id",
            "redirect_login_url": self.redirect_url,
            "set_login_hint": True,
            "type": "okta",
            "user_authentication": {"claim_type": "staff", "claim_value": "1"},
            "well_known_url": shown["discovery_url"],
        }

    @property
    def redirect_url(self) -> str:
        """The iMIS base address with its slash."""
        return f"{self.simulation.environments['test'].imis_url}/"

    async def agree(self) -> None:
        """Bring both halves into agreement through the API."""
        for path, body in (
            (OPENID_CONNECT, await self.agreeing()),
            (REDIRECT, {"redirect_url": self.redirect_url}),
        ):
            answer = await self.client.put(path, json=body)
            assert answer.status_code == 200, answer.text

    async def go_live(self) -> None:
        """Agree, then raise the mode to enabled."""
        await self.agree()
        for mode in ("test_mode", "enabled"):
            answer = await self.client.put(MODE, json={"mode": mode})
            assert answer.status_code == 200, answer.text


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out of the log what thousands of requests would fill it with, and put that back."""
    ours = logging.getLogger("imis_sso")
    level = ours.level
    ours.setLevel(logging.ERROR)
    yield
    ours.setLevel(level)


@asynccontextmanager
async def bench_for(
    simulation: Simulation,
    place: Path,
    change: Mapping[str, Any] | None = None,
    server: Mapping[str, Any] | None = None,
    *,
    imis_connector: str | list[str] = "imis_rest",
) -> AsyncIterator[Bench]:
    """Open a service on the simulators.

    `change` is laid over the environment `test`, `server` over the server's own settings;
    `imis_connector` serves the iMIS half.
    """
    document = registry_document(simulation, place, imis_connector)
    document["server"].update(server or {})
    document["environments"]["test"].update(change or {})
    file = place / "imis-sso.yaml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    logging.getLogger("imis_sso").setLevel(logging.DEBUG)
    registry = load(file)
    async with opened(registry, ServerSettings.resolve(registry.server)) as service:
        yield Bench(service, simulation)
