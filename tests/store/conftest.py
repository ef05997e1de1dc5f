"""A store in a folder of its own, and a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.postgresql import Server


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio: the database driver knows no other."""
    return "asyncio"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2025, 1, 31, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Give the present moment."""
        return self.moment

    def forward(self, seconds: float = 60) -> datetime:
        """Move on, and give the new moment."""
        self.moment += timedelta(seconds=seconds)
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """Give the clock of the store."""
    return Clock()


Open = Callable[[], Awaitable[SqlStore]]


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server | None:
    """Give a server's fresh database; None stands for SQLite in the data directory."""
    if request.param == "sqlite":
        return None
    return Server(request.getfixturevalue("database_url"))


@pytest.fixture
async def opening(server: Server | None, tmp_path: Path, clock: Clock) -> AsyncIterator[Open]:
    """Open one store again and again, as several processes do, on each database."""
    stores = []

    async def opened() -> SqlStore:
        stores.append(await open_store(tmp_path / "data", clock, server=server))
        return stores[-1]

    yield opened
    for each in stores:
        await each.aclose()


@pytest.fixture
async def store(opening: Open) -> SqlStore:
    """Give an empty store, on each database."""
    return await opening()


@pytest.fixture
async def other(store: SqlStore, opening: Open) -> SqlStore:
    """Give the same store as another process has it."""
    return await opening()


@pytest.fixture
async def file_store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqlStore]:
    """Give an empty store in the folder `data`, for what only SQLite has."""
    opened = await open_store(tmp_path / "data", clock)
    yield opened
    await opened.aclose()
