"""A store in a folder of its own, and a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imis_sso.store.engine import SqlStore, open_store


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


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqlStore]:
    """Give an empty store."""
    opened = await open_store(tmp_path / "data", clock)
    yield opened
    await opened.aclose()
