"""The account of a test that a browser logs in with, and the guard beside it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from lone_guard import LoneGuard

from imis_sso.connectors.base import Credential
from imis_sso.domain.problems import UpstreamCredentialsRefused
from imis_sso.domain.secret import Secret
from imis_sso.domain.totp import code_generator
from imis_sso.simulators import CloudSsoModel, ImisModel

PERIOD = 2
"""Seconds of a code that tests can wait for."""


@dataclass
class MemoryGuard(LoneGuard):
    """Remembers refused log-ins as the store does, for as long as it lives (contract C47)."""

    refused: list[tuple[str, str, str]] = field(default_factory=list)

    async def check(self, address: str, username: str, password: Secret) -> None:
        if (address, username, password.reveal()) in self.refused:
            msg = "refused before"
            raise UpstreamCredentialsRefused(msg)

    async def remember(self, address: str, username: str, password: Secret) -> None:
        self.refused.append((address, username, password.reveal()))


class Account:
    """A credential that may be changed while the connector runs, and the guard beside it."""

    def __init__(self) -> None:
        self.username = self.password = ""
        self.totp: Secret | None = None
        self.guard = MemoryGuard()

    async def credential(self) -> Credential:
        return Credential(self.username, Secret(self.password), self.totp)

    def become(self, model: CloudSsoModel | ImisModel) -> None:
        self.username, self.password, self.totp = model.username, model.password, None
        self.guard.refused.clear()
        self.guard.code_began = None

    def use_codes(self, model: CloudSsoModel | ImisModel, secret: str = "") -> None:
        """Have codes of the simulator's secret, or of another one."""
        address = f"otpauth://totp/x?secret={secret or model.totp_secret}"
        self.totp = Secret(f"{address}&period={model.totp_period}")

    def codes_now(self, period: int) -> list[Secret]:
        """Give the codes of the last minute."""
        assert self.totp is not None
        generator, now = code_generator(self.totp), int(time.time()) // period
        return [generator.code(each) for each in range(now - 60 // period, now + 2)]


def period_that_just_began() -> int:
    """Give seconds of a period of codes whose end is too far away to wait for."""
    now = time.time()
    return next(each for each in range(200, 400) if now % each < each / 4)
