"""One store for all service tests of a process; each test has an environment of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pair_bench import PairBench

from imis_sso.store.engine import SqlStore, open_store


@pytest.fixture(scope="session")
async def memory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SqlStore]:
    store = await open_store(tmp_path_factory.mktemp("store"))
    yield store
    await store.aclose()


@pytest.fixture
def bench(memory: SqlStore) -> PairBench:
    return PairBench(memory)
