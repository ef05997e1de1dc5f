"""The keys of one issuer: fetched under the egress rule, kept for a while (contract C40)."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from imis_sso.connectors.callers.jwt import PublicKey
from imis_sso.connectors.egress import Egress, FetchFailed, Resolve, resolve
from imis_sso.domain.egress import EgressRefused
from imis_sso.domain.hosts import host_of
from imis_sso.domain.problems import UpstreamUnavailable

logger = logging.getLogger(__name__)

MAX_AGE: Final = 60 * 60
"""Seconds after which keys are fetched again."""
MAX_STALE: Final = 24 * 60 * 60
"""Seconds for which keys still serve while the issuer cannot be reached."""
PAUSE: Final = 60
"""Seconds between two fetches, whatever callers send: a made-up key id costs one a minute."""
RETRY: Final = 10
"""Seconds between two fetches while no keys are known at all."""
MIN_RSA_BITS: Final = 2048
MAX_KEYS: Final = 100

_OK: Final = 200
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Issuer:
    """An issuer and the way to its keys.

    `jwks_uri` None: its discovery document says where they are. `allow_private` lets the hosts
    named here, and no others, be private.
    """

    url: str
    jwks_uri: str | None = None
    ca_file: Path | None = None
    allow_private: bool = False

    @property
    def allow(self) -> frozenset[str]:
        """The entries `host[:port]` that may be fetched wherever they lead."""
        named = (self.url, self.jwks_uri) if self.allow_private else ()
        return frozenset(host_of(each) for each in named if each)


class _Unusable(Exception):  # noqa: N818  # what came in place of keys
    """What the issuer answered cannot be used; the message is safe to log."""


class IssuerKeys:
    """The signing keys of one issuer, by their ids."""

    def __init__(
        self,
        issuer: Issuer,
        clock: Callable[[], float] = time.monotonic,
        resolve: Resolve = resolve,
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._egress = Egress(issuer.allow, issuer.ca_file, resolve)
        self._keys: dict[str, PublicKey] = {}
        self._fetched = self._tried = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def get(self, key_id: str) -> PublicKey | None:
        """Give the key of an id; None where the issuer has no such key.

        Raises UpstreamUnavailable where its keys cannot be had, nor any that are recent enough.
        """
        if self._is_due(key_id):
            async with self._one_at_a_time:
                if self._is_due(key_id):  # else another caller has just fetched them
                    await self._refresh()
        if self._clock() - self._fetched > MAX_STALE:
            msg = "The keys of the issuer that this JWT names cannot be had at the moment."
            raise UpstreamUnavailable(msg)
        return self._keys.get(key_id)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._egress.aclose()

    def _is_due(self, key_id: str) -> bool:
        now = self._clock()
        wanted = key_id not in self._keys or now - self._fetched > MAX_AGE
        return wanted and now - self._tried >= (PAUSE if self._keys else RETRY)

    async def _refresh(self) -> None:
        try:
            keys = await self._fetch()
        except (EgressRefused, FetchFailed, _Unusable) as error:
            logger.warning("the keys of %s cannot be had: %s", self._issuer.url, error)
        else:
            self._keys, self._fetched = keys, self._clock()
        finally:
            self._tried = self._clock()

    async def _fetch(self) -> dict[str, PublicKey]:
        address = self._issuer.jwks_uri or await self._discovered()
        listed = (await self._json(address)).get("keys")
        if not isinstance(listed, list):
            raise _Unusable("its key set has no list of keys")
        found = [key for each in listed[:MAX_KEYS] if (key := _public(each)) is not None]
        if not found:
            raise _Unusable("its key set has no usable key")
        return {str(key.get("kid")): key for key in found}

    async def _discovered(self) -> str:
        """Ask OpenID Connect Discovery 1.0; the document must be this issuer's, byte for byte."""
        metadata = await self._json(self._issuer.url.rstrip("/") + _WELL_KNOWN)
        address = metadata.get("jwks_uri")
        if metadata.get("issuer") != self._issuer.url or not isinstance(address, str):
            raise _Unusable("its discovery document is another issuer's, or names no keys")
        return address

    async def _json(self, address: str) -> Mapping[str, Any]:
        answer = await self._egress.get(address)
        if answer.status != _OK:
            msg = f"it answered with status {answer.status}"
            raise _Unusable(msg)
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise _Unusable("it answered with no JSON") from None
        if not isinstance(value, dict):
            raise _Unusable("it answered with no JSON object")
        return value


def _public(data: object) -> PublicKey | None:
    """Import an asymmetric key with an id; everything else in a key set is passed over."""
    if not isinstance(data, dict) or not isinstance(data.get("kid"), str):
        return None
    if data.get("kty") not in ("RSA", "EC", "OKP") or _is_short(data.get("n")):
        return None
    try:
        key = JWKRegistry.import_key(data)
        if isinstance(key, RSAKey):
            return key if key.public_key.key_size >= MIN_RSA_BITS else None
        # Asked for, because it is only then that a point off its curve is found.
        return key if isinstance(key, ECKey | OKPKey) and key.public_key else None
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return None


def _is_short(modulus: object) -> bool:
    # By its text, before the library warns of it: six bits a letter.
    return isinstance(modulus, str) and len(modulus) * 6 < MIN_RSA_BITS
