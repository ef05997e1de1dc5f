"""What the guards of connector tests have in common: no other process logs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from imis_sso.domain.secret import Secret


class LoneGuard:
    """A guard of one process; what it checks and remembers is the test's."""

    environment = "test"
    code_began: int | None = None

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Raise `UpstreamCredentialsRefused` for a log-in that was refused."""
        raise NotImplementedError

    @asynccontextmanager
    async def trying(self, address: str, username: str, password: Secret) -> AsyncIterator[None]:
        """Check; nobody else is there to wait for."""
        await self.check(address, username, password)
        yield

    async def take_code(self, began: int) -> bool:
        """Let no code be used twice."""
        fresh, self.code_began = began != self.code_began, began
        return fresh
