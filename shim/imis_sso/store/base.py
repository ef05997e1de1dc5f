"""The store as services see it. Times are in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from imis_sso.domain.access import Principal, Scope, TokenRecord
from imis_sso.domain.checks import Check, Verification
from imis_sso.domain.crossing import Sighting
from imis_sso.domain.facts import Fact, FactKind
from imis_sso.domain.idempotency import Claim, KeptAnswer
from imis_sso.domain.kept_login import LoginFacts
from imis_sso.domain.ledger import AppliedSecret, ManagedPeriod
from imis_sso.domain.resources import Product
from imis_sso.domain.verified import Attestation, Verified
from imis_sso.store.record import Deliveries, History, Holds, Spool, Trail

__all__ = [
    "AppliedSecrets",
    "Deliveries",
    "Evidences",
    "Facts",
    "History",
    "Holds",
    "Idempotency",
    "Lease",
    "Leases",
    "Managed",
    "PersonsLogin",
    "RefusedLogins",
    "Spool",
    "Store",
    "Tokens",
    "Trail",
]


class Tokens(Protocol):
    """Bearer tokens (contract C40)."""

    async def create(
        self,
        name: str,
        scope: Scope,
        environments: Iterable[str] | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Make a token and give it in clear, this once; only its hash is stored.

        `environments` None means bound to none, hence valid for all; `expires_at` None means until
        it is revoked. Raises TokenNameTaken where an active token has the name (an expired one
        gives it up), ValueError for a name that is not `[A-Za-z0-9._-]{1,64}`.
        """

    def ephemeral(self, name: str, scope: Scope, environments: Iterable[str] | None = None) -> str:
        """Make a token that only this process knows, stored nowhere: it dies with the process."""

    async def find(self, token: str) -> Principal | None:
        """Give whom a token stands for, None if it was never made or was revoked.

        The secret part is compared in constant time, also for a token that does not exist. Raises
        Unauthenticated, which says so, to the holder of a token that has expired.

        That it was used is recorded afterwards, at most once a minute, as far as the store lets it.
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

    async def replace(
        self, environment: str, resource: str, before: AppliedSecret, after: AppliedSecret
    ) -> None:
        """Put `after` in the place of `before`; nothing happens if something else is recorded."""

    async def delete(self, environment: str, resource: str) -> None:
        """Forget what was recorded."""


class Managed(Protocol):
    """The managed period of each resource (contract C5)."""

    async def by(self, who: str) -> Sequence[ManagedPeriod]:
        """Give the last period of each resource whose last managed write is this caller's.

        `who` is a name as `domain.access.belongs_to` takes it.
        """

    async def current(self, environment: str, resource: str) -> ManagedPeriod | None:
        """Give the period that lasts, None if the resource is not being managed."""

    async def last(self, environment: str, resource: str) -> ManagedPeriod | None:
        """Give the last period, ended or not: the last managed write for `/status`."""

    async def wrote(
        self, environment: str, resource: str, who: str, found: str | None = None
    ) -> None:
        """Note a managed write; the first one after an end starts a new period.

        `found` is the snapshot of what was there before: kept only where a period starts.
        """

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


class Evidences(Protocol):
    """What verifications found, and who attested a sign-in. Raises StoreUnavailable.

    `digest` is `domain.settings_digest.settings_digest` of what was verified.
    """

    async def remember_verification(
        self, environment: str, digest: str, verification: Verification
    ) -> None:
        """Keep a verdict on settings as the newest.

        A passive verdict that says the same as what is kept changes nothing, so that the stronger
        proof stays.
        """

    async def verification(self, environment: str, digest: str) -> Verified | None:
        """Give the newest verdict on exactly these settings."""

    async def remember_proof(self, environment: str, digest: str, checks: Sequence[Check]) -> None:
        """Keep what active probes found, in place of what they found before."""

    async def proof(self, environment: str, digest: str) -> Sequence[Check]:
        """Give what the last active probes found with exactly these settings."""

    async def attest(self, attestation: Attestation) -> None:
        """Keep an attested sign-in."""

    async def attestation(self, environment: str, digest: str) -> Attestation | None:
        """Give the newest sign-in that was attested for exactly these settings."""

    async def see(self, sighting: Sighting) -> None:
        """Keep what is an environment's own, in place of what was known before."""

    async def sightings(self) -> Sequence[Sighting]:
        """Give what is last known to be each environment's own, the redirect URL left out."""


class Facts(Protocol):
    """Small things about an environment, by kind and key. Raises StoreUnavailable.

    A key has at most 255 characters; content is JSON, and never holds a secret.
    """

    async def get(self, environment: str, kind: FactKind, key: str) -> Fact | None:
        """Give what is known under a key, None where nothing is."""

    async def all(self, environment: str, kind: FactKind) -> Sequence[Fact]:
        """Give everything of a kind, in the order of the keys."""

    async def put(self, fact: Fact) -> None:
        """Keep a fact in place of what was known under its key."""

    async def add(self, fact: Fact) -> bool:
        """Keep a fact unless one is known under its key; tell whether it was kept."""

    async def forget(self, environment: str, kind: FactKind, key: str) -> bool:
        """Forget what is known under a key; tell whether anything was."""


class PersonsLogin(Protocol):
    """The log-in that a person made at a product for the service. Raises StoreUnavailable."""

    async def about(self) -> tuple[LoginFacts, bool] | None:
        """Give what is known of it and whether the product has ended it; None where none is kept.

        Nothing is opened for it.
        """


class Lease(Protocol):
    """The right to write to one product of one environment, held by one process at a time."""

    async def require(self) -> None:
        """Prolong it; raises `Busy` where it was lost, StoreUnavailable where nobody can tell."""


class Leases(Protocol):
    """Leases that every process shares (contract C32)."""

    def hold(
        self, environment: str, product: str, seconds: float
    ) -> AbstractAsyncContextManager[Lease]:
        """Wait at most so many seconds, first come first served among the processes; then hold.

        The lease is prolonged while the block runs and given back at its end; of a process that
        dies it is free after `LEASE_SECONDS`. Raises `Busy` where the time is over, and
        StoreUnavailable.
        """

    async def turn(self, environment: str, product: str) -> str:
        """Give a mark that changes whenever a holder begins or ends; raises StoreUnavailable."""


class Idempotency(Protocol):
    """Answers to POST requests under their `Idempotency-Key`, for each caller (contract C35)."""

    async def claim(self, caller: str, key: str, digest: str) -> Claim | KeptAnswer:
        """Begin a request, or give the answer that it had before.

        `digest` tells one request from another. Raises `IdempotencyMismatch` where the key stands
        for another request, `InProgress` where this one is being worked on. A claim without an
        answer ends by its age, so that a process that died holds none for ever.
        """

    async def keep(self, claim: Claim, answer: KeptAnswer) -> None:
        """Keep the answer; does nothing where the claim has ended meanwhile."""

    async def release(self, claim: Claim) -> None:
        """Give the claim up without an answer: the same request may be made again."""


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

    @property
    def trail(self) -> Trail:
        """The audit trail."""

    @property
    def holds(self) -> Holds:
        """Holds after an emergency."""

    @property
    def history(self) -> History:
        """Snapshots."""

    @property
    def evidences(self) -> Evidences:
        """Verdicts, results of probes, attested sign-ins."""

    @property
    def facts(self) -> Facts:
        """Small things about environments."""

    @property
    def deliveries(self) -> Deliveries:
        """How far the sinks have come."""

    @property
    def public_key(self) -> str:
        """The public half of the key that signs the trail, in PEM form."""

    @property
    def spool(self) -> Spool:
        """What waits for the trail."""

    @property
    def leases(self) -> Leases:
        """Leases of products."""

    async def ping(self) -> None:
        """Have the database answer. Raises StoreUnavailable."""

    @property
    def idempotency(self) -> Idempotency:
        """Answers to POST requests."""

    async def aclose(self) -> None:
        """Close every connection."""
