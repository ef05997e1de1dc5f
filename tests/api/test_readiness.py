"""Whether the service is ready: it is not without its database (contract section 1)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
import yaml
from postgresql_cluster import Cluster
from service_bench import registry_document

from imis_sso.app import create_app, opened
from imis_sso.domain.access import Scope
from imis_sso.environments import load
from imis_sso.settings import ServerSettings
from imis_sso.simulators import Simulation
from imis_sso.store.key import load_key
from imis_sso.store.signing import load_signer

pytestmark = pytest.mark.anyio


async def test_a_database_that_dies_and_comes_back(
    running: Simulation, cluster: Cluster, database_url: str, tmp_path: Path
) -> None:
    """The process lives on meanwhile, says so in one sentence, and needs no restart."""
    load_key(ServerSettings.resolve(flags={"data_dir": tmp_path}))
    load_signer(ServerSettings.resolve(flags={"data_dir": tmp_path}))
    document = registry_document(running, tmp_path)
    keys = {"fingerprint_key_file": "fingerprint.key", "audit_key_file": "audit.key"}
    document["server"] |= {"database_url": database_url} | keys
    file = tmp_path / "imis-sso.yaml"
    file.write_text(yaml.safe_dump(document))
    registry = load(file)
    async with opened(registry, ServerSettings.resolve(registry.server)) as service:
        token = await service.store.tokens.create("ci", Scope.READ)
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://shim", headers=headers
        ) as client:

            async def statuses() -> list[int]:
                paths = ("/livez", "/readyz", "/v1/environments")
                return [(await client.get(path)).status_code for path in paths]

            assert await statuses() == [200, 200, 200]
            await asyncio.to_thread(cluster.stop)
            try:
                assert await statuses() == [200, 503, 503]
                problem = (await client.get("/v1/environments")).json()
            finally:
                await asyncio.to_thread(cluster.start)
            assert problem["type"] == "/problems/audit-unavailable"
            assert database_url not in problem["detail"]
            assert await statuses() == [200, 200, 200]
