"""One store for all service tests of a process; each test has an environment of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pair_bench import PairBench
from postgresql_cluster import Cluster

from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.postgresql import Server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server | None:
    if request.param == "sqlite":
        return None
    cluster: Cluster = request.getfixturevalue("cluster")
    return Server(cluster.migrated())


@pytest.fixture(scope="session")
async def memory(
    server: Server | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SqlStore]:
    store = await open_store(tmp_path_factory.mktemp("store"), server=server)
    yield store
    await store.aclose()


@pytest.fixture
def bench(memory: SqlStore) -> PairBench:
    return PairBench(memory)
