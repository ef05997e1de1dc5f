"""Named secrets of one environment: what is shown of them and when one is pushed (contract 3)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.ledger import AppliedSecret, StoreUnavailable
from imis_sso.domain.observed import Observed
from imis_sso.domain.problems import Problem, SecretUnavailable
from imis_sso.domain.resources import (
    BUILT_IN_SECRET,
    IMIS_CLIENT,
    OPENID_CONNECT,
    PRODUCT_TITLES,
    Resource,
    secret_document,
)
from imis_sso.domain.secret import ObservedSecret, Secret
from imis_sso.domain.violations import nearest
from imis_sso.services.half import Half
from imis_sso.services.push import Push, Shown, refuse_key, refuse_version
from imis_sso.store.base import AppliedSecrets

__all__ = ["Push", "Secrets", "Shown"]

logger = logging.getLogger(__name__)

_NAME_ONE = "Name one with client_secret_ref and client_secret_version."


class Secrets:
    """The secrets of one environment.

    `sources` maps each name of the registry to the documents it may go into, `resolve` gives the
    secret behind such a name, `cloud_sso` shows the built-in one.
    """

    def __init__(
        self,
        environment: str,
        key: FingerprintKey,
        applied: AppliedSecrets,
        *,
        sources: Mapping[str, frozenset[str]],
        resolve: Callable[[str], Awaitable[Secret]],
        cloud_sso: Half,
    ) -> None:
        self._environment = environment
        self._key = key
        self._applied = applied
        self._sources = sources
        self._resolve = resolve
        self._cloud_sso = cloud_sso

    def names(self, resource: Resource | None = None) -> tuple[str, ...]:
        """Give the names that may go into a document (all without one): the built-in one first."""
        built_in = (BUILT_IN_SECRET,) if resource in (None, OPENID_CONNECT) else ()
        named = sorted(
            name
            for name, documents in self._sources.items()
            if resource is None or resource.path in documents
        )
        return (*built_in, *named)

    def version(self, secret: Secret) -> str:
        """Give the keyed fingerprint of a secret (contract C22)."""
        return self._key.version(self._environment, secret)

    def crossings(self, secret: Secret) -> tuple[str, ...]:
        """Give the fingerprints by which environments are compared; they are never shown."""
        return self._key.crossings(secret)

    def renewed(self, version: str, secret: ObservedSecret) -> str:
        """Give the version that the server key makes, for one that an older key made of a secret.

        Every other version is given back as it is (contract C25).
        """
        if isinstance(secret, Secret) and self._key.made(version, self._environment, secret):
            return self.version(secret)
        return version

    async def resolve(self, name: str) -> Secret:
        """Give the secret behind a name; the caller has checked that it may be used.

        Raises `SecretUnavailable`, and for the built-in one what reading Cloud SSO raises.
        """
        if name != BUILT_IN_SECRET:
            return await self._resolve(name)
        observed = await self._cloud_sso.observe(IMIS_CLIENT)
        if isinstance(observed.secret, Secret):
            return observed.secret
        msg = f"Cloud SSO does not show the client secret in clear ({observed.secret.value})."
        raise SecretUnavailable(msg)

    async def recorded(self, resource: Resource = OPENID_CONNECT) -> AppliedSecret | None:
        """Give what the last write of a document recorded, or None."""
        return await self._applied.get(self._environment, secret_document(resource).path)

    async def held(self, observed: Observed, resource: Resource = OPENID_CONNECT) -> str:
        """Give the version of what a settable record holds; `""` when unknown (contract C22)."""
        if isinstance(observed.secret, Secret):
            return self.version(observed.secret)
        recorded = await self.recorded(resource) if observed.exists else None
        return recorded.version if recorded else ""

    async def shown(self, resource: Resource, observed: Observed) -> Shown:
        """Give name and version for a GET; secrets are resolved only where a name is inferred."""
        version = await self.held(observed, resource)
        recorded = await self.renew(observed.secret, resource)
        if not version:
            return Shown()
        if recorded is not None and recorded.version == version:
            return Shown(recorded.ref, version)
        return Shown(await self._inferred(resource, version), version)

    async def renew(
        self, secret: ObservedSecret, resource: Resource = OPENID_CONNECT
    ) -> AppliedSecret | None:
        """Give what is recorded, by the server key if an older one made it of this secret.

        It is recorded so, too, that the older key may be dropped (contract C25).
        """
        recorded = await self.recorded(resource)
        if recorded is None:
            return None
        renewed = AppliedSecret(recorded.ref, self.renewed(recorded.version, secret))
        if renewed != recorded:
            try:
                path = secret_document(resource).path
                await self._applied.replace(self._environment, path, recorded, renewed)
            except StoreUnavailable as error:
                # A read goes on with a store that cannot be written to; the next one renews.
                logger.warning("a version is not renewed: %s", error)
        return renewed

    async def _inferred(self, resource: Resource, version: str) -> str:
        found = await self.find(resource, version)
        return found[0] if found else ""

    async def find(
        self, resource: Resource, version: str, first: str = ""
    ) -> tuple[str, Secret] | None:
        """Give name and secret of a version, among those that may go into a document.

        `first` is looked at before the others; sources that cannot be had are passed over (C22).
        """
        for name in sorted(self.names(resource), key=lambda each: each != first):
            secret = await self._passing_over(name)
            if secret is not None and self.renewed(version, secret) == self.version(secret):
                return name, secret
        return None

    async def remember(self, record: Shown, resource: Resource = OPENID_CONNECT) -> None:
        """Record name and version of what a write put into the product."""
        applied = AppliedSecret(record.ref, record.version)
        await self._applied.put(self._environment, secret_document(resource).path, applied)

    async def forget(self, resource: Resource = OPENID_CONNECT) -> None:
        """Forget what was recorded: the product may hold something else now."""
        await self._applied.delete(self._environment, secret_document(resource).path)

    def push_inline(self, resource: Resource, secret: Secret, shown: Shown, wanted: Shown) -> Push:
        """Decide on an inline secret: equal is a no-op, another one is pushed (contract C24).

        With an equal one, too, the reference `""` forgets the name (contract C23).
        """
        held = self.renewed(shown.version, secret)
        if wanted.version != shown.version and self.renewed(wanted.version, secret) != held:
            refuse_key(resource, "version", "cannot be changed together with an inline secret")
        version = self.version(secret)
        if held == version:
            record = Shown(wanted.ref, version)
            return Push(record=None if record == shown else record, resolved=True, held=secret)
        return Push(secret, Shown("", version), resolved=True)

    async def push_named(self, resource: Resource, shown: Shown, wanted: Shown) -> Push:
        """Decide on a changed name or version of the secret (contract C23).

        `wanted.version` is `""` where the caller named none. Raises `InvalidSettings`,
        `SecretVersionChanged`, `SecretUnavailable`.
        """
        if wanted == shown:
            return Push()
        if not wanted.ref:
            if wanted.version != shown.version:
                refuse_key(resource, "version", "names a new version without a client_secret_ref")
            return Push(record=wanted)
        self._require_known(resource, wanted.ref)
        secret = await self.resolve(wanted.ref)
        current = self.version(secret)
        if not wanted.version:
            refuse_key(
                resource,
                "version",
                f"must be given with a changed reference; it is {current} now",
                current,
            )
        if self.renewed(wanted.version, secret) != current:
            refuse_version(wanted, current)
        record = Shown(wanted.ref, current)
        if current == self.renewed(shown.version, secret):
            return Push(record=record, resolved=True, held=secret)
        return Push(secret, record, resolved=True)

    def _require_known(self, resource: Resource, name: str) -> None:
        known = self.names(resource)
        if name in known:
            return
        allowed = f"the nearest that may is {nearest(name, known)}" if known else "none may"
        refuse_key(resource, "ref", f"is not a secret that may go into {resource.path}; {allowed}")

    async def shown_by_cloud_sso(self, secret: Secret) -> bool:
        """Tell whether a secret is the one that Cloud SSO shows now (contract 1.2)."""
        return secret == await self._passing_over(BUILT_IN_SECRET)

    async def to_keep(self, resource: Resource, *, lowering: bool) -> Secret:
        """Give the secret that must go back into a record which does not show it.

        It is the one that was pushed last, from whichever source still has it. When the mode is
        lowered nothing of Cloud SSO is read (contract 1.2). Raises `SecretUnavailable` or
        `SecretVersionChanged` rather than wipe or replace what the product holds.
        """
        recorded, hidden = await self.recorded(resource), _not_shown(resource)
        if recorded is None:
            raise SecretUnavailable(f"{hidden} and none was pushed from here. {_NAME_ONE}")
        # The recorded name first, if it may still be used here (contract C21).
        for name in sorted(self.names(resource), key=lambda each: each != recorded.ref):
            if lowering and name == BUILT_IN_SECRET:
                continue
            secret = await self._passing_over(name)
            if secret is not None and self.renewed(recorded.version, secret) == self.version(
                secret
            ):
                return secret
            if secret is not None and name == recorded.ref and not lowering:
                refuse_version(Shown(name, recorded.version), self.version(secret))
        raise SecretUnavailable(
            f"{hidden} and no named secret is the one that was pushed last. {_NAME_ONE}"
        )

    async def _passing_over(self, name: str) -> Secret | None:
        """Resolve a secret, or give None where it cannot be had (contract C22)."""
        try:
            return await self.resolve(name)
        except Problem as problem:
            logger.info("secret %s passed over: %s", name, problem.slug)
            return None


def _not_shown(resource: Resource) -> str:
    title = PRODUCT_TITLES[resource.product]
    return f"Writing the record could wipe the client secret: {title} does not show it,"
