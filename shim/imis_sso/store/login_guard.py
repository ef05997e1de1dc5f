"""The memory of refused log-ins as a connector of one environment uses it (contract C47)."""

from __future__ import annotations

from dataclasses import dataclass

from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.problems import UpstreamCredentialsRefused
from imis_sso.domain.resources import PRODUCT_TITLES, Product
from imis_sso.domain.secret import Secret
from imis_sso.store.base import RefusedLogins


@dataclass(frozen=True)
class StoredLoginGuard:
    """A connector's `LoginGuard` that every process shares through the store."""

    refused: RefusedLogins
    key: FingerprintKey
    product: Product
    environment: str

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Raise `UpstreamCredentialsRefused` if exactly this log-in was refused before."""
        newest, *older = self.key.logins(address, username, password)
        refused = await self.refused.is_refused(newest)
        for each in older:
            if not refused and await self.refused.is_refused(each):
                # Known by this key from now on, so that the older one may be dropped (C25).
                await self.refused.remember(newest, self.product, self.environment)
                refused = True
        if refused:
            msg = (
                f"{PRODUCT_TITLES[self.product]} refused this user name and password before, so "
                "they are not tried again. Change them, or clear the memory with "
                f"`imis-sso login {self.environment} --retry`."
            )
            raise UpstreamCredentialsRefused(msg)

    async def remember(self, address: str, username: str, password: Secret) -> None:
        """Remember that the product refused this log-in."""
        fingerprint = self.key.login(address, username, password)
        await self.refused.remember(fingerprint, self.product, self.environment)
