"""The key a provider signs ID tokens with, and the forms in which it publishes it."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Mapping

_BITS = 2048


class SigningKey:
    """An RSA key, made when it is first asked for (it takes a while)."""

    def __init__(self) -> None:
        self.kid = secrets.token_hex(8)

    @cached_property
    def _key(self) -> RSAKey:
        return RSAKey.generate_key(_BITS)

    def jwk(self, **parameters: str) -> dict[str, Any]:
        """Give the public half with these parameters (RFC 7517 section 4)."""
        return {**self._key.as_dict(private=False), "kid": self.kid, **parameters}

    def published(self, algorithm: str, kind: str = "signing") -> dict[str, Any]:
        """Give the key set: the signing key, the key for encryption only, or none at all.

        HS512 has nothing to publish: its key is the client's secret (product facts 4.4).
        """
        if kind == "none" or algorithm.startswith("HS"):
            return {"keys": []}
        if kind == "encryption":
            return {"keys": [self.jwk(use="enc", alg="RSA-OAEP")]}
        return {"keys": [self.jwk(use="sig", alg=algorithm)]}

    def sign(self, claims: Mapping[str, Any], algorithm: str, secret: str = "") -> str:
        """Make a signed token (RFC 7519); HS512 signs with the client's secret."""
        is_secret = algorithm.startswith("HS")
        header = {"alg": algorithm} if is_secret else {"alg": algorithm, "kid": self.kid}
        key = OctKey.import_key(secret) if is_secret else self._key
        return jwt.encode(header, dict(claims), key, algorithms=[algorithm])
