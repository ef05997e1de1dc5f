"""Keyed fingerprints: a secret's drift is visible, the secret is not (contract C22)."""

from __future__ import annotations

import hashlib
import hmac

from imis_sso.domain.secret import Secret


def _framed(*parts: str) -> bytes:
    # Length framing keeps ("a", "bc") and ("ab", "c") apart.
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)


class FingerprintKey:
    """The server key. It is a secret: it neither prints nor compares itself."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:  # noqa: PLR2004  # RFC 2104 section 3: no shorter than the hash
            msg = "a fingerprint key has at least 32 bytes"
            raise ValueError(msg)
        self._key = key

    def __repr__(self) -> str:
        return "FingerprintKey(…)"

    def version(self, environment: str, secret: Secret) -> str:
        """Give `v1-` and 16 hexadecimal digits for a secret in an environment (contract C22)."""
        return f"v1-{self._digest('', environment, secret.reveal())[:16]}"

    def login(self, address: str, user: str, password: Secret) -> str:
        """Give the fingerprint under which a refused log-in is remembered (contract C47)."""
        return self._digest("login", address, user, password.reveal())

    def _digest(self, purpose: str, *parts: str) -> str:
        message = _framed(purpose, *parts) if purpose else _framed(*parts)
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
