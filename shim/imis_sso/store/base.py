"""The store as services see it. Times are in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from imis_sso.domain.access import Principal, Scope, TokenRecord
from imis_sso.domain.ledger import AppliedSecret, ManagedPeriod
from imis_sso.domain.resources import Product


class Tokens(Protocol):
    """Bearer tokens (contract C40)."""

    async def create(
        self, name: str, scope: Scope, environments: Iterable[str] | None = None
    ) -> str:
        """Make a token and give it in clear, this once; only its hash is stored.

        `environments` None means bound to none, hence valid for all. Raises TokenNameTaken where an
        active token has the name, ValueError for a name that is not `[A-Za-z0-9._-]{1,64}`.
        """

    def ephemeral(self, name: str, scope: Scope, environments: Iterable[str] | None = None) -> str:
        """Make a token that only this process knows, stored nowhere: it dies with the process."""

    async def find(self, token: str) -> Principal | None:
        """Give whom a token stands for, None if it was never made or was revoked.

        The secret part is compared in constant time, also for a token that does not exist.
        """

    async def list(self) -> Sequence[TokenRecord]:
        """Give every stored token, the revoked ones too, in the order they were made."""

    async def revoke(self, name: str) -> bool:
        """Revoke the active token of this name; False if there is none."""


class AppliedSecrets(Protocol):
    """What the last write recorded of each document's secret (contract C22)."""

    async def get(self, environment: str, resource: str) -> AppliedSecret | None:
        """Give what was recorded for a resource path such as `imis/openid-connect`."""

    async def put(self, environment: str, resource: str, applied: AppliedSecret) -> None:
        """Record what a write applied, in place of what was recorded before."""

    async def delete(self, environment: str, resource: str) -> None:
        """Forget what was recorded."""


class Managed(Protocol):
    """The managed period of each resource (contract C5)."""

    async def current(self, environment: str, resource: str) -> ManagedPeriod | None:
        """Give the period that lasts, None if the resource is not being managed."""

    async def last(self, environment: str, resource: str) -> ManagedPeriod | None:
        """Give the last period, ended or not: the last managed write for `/status`."""

    async def wrote(self, environment: str, resource: str, who: str) -> None:
        """Note a managed write; the first one after an end starts a new period."""

    async def end(self, environment: str, resource: str) -> None:
        """End the period that lasts, if one does."""


class RefusedLogins(Protocol):
    """Log-ins that a product refused, by keyed fingerprint (contract C47)."""

    async def is_refused(self, fingerprint: str) -> bool:
        """Tell whether exactly this log-in was refused before, by any process."""

    async def remember(self, fingerprint: str, product: Product, environment: str) -> None:
        """Remember a refused log-in."""

    async def forget(self, environment: str) -> int:
        """Forget an environment's refused log-ins; gives how many there were."""


class Store(Protocol):
    """Everything that is remembered, behind one door."""

    @property
    def tokens(self) -> Tokens:
        """Bearer tokens."""

    @property
    def applied_secrets(self) -> AppliedSecrets:
        """What the last writes recorded of secrets."""

    @property
    def managed(self) -> Managed:
        """Managed periods."""

    @property
    def refused_logins(self) -> RefusedLogins:
        """Refused log-ins."""

    async def aclose(self) -> None:
        """Close every connection."""
