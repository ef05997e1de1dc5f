"""Keyed fingerprints: a secret's drift is visible, the secret is not (contract C22)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from imis_sso.domain.secret import Secret


def _framed(*parts: str) -> bytes:
    # Length framing keeps ("a", "bc") and ("ab", "c") apart.
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)


def _hkdf(key: bytes, info: bytes) -> Secret:
    extracted = hmac.new(bytes(hashlib.sha256().digest_size), key, hashlib.sha256).digest()
    return Secret(hmac.new(extracted, info + b"\x01", hashlib.sha256).hexdigest())


class FingerprintKey:
    """The server key, and those that were it before (contract C25). It does not print itself.

    The key makes every fingerprint; those before it, the newest first, only recognise what they
    made. Raises ValueError for a key that is too short.
    """

    __slots__ = ("_keys",)

    def __init__(self, key: bytes, previous: Iterable[bytes] = ()) -> None:
        self._keys = (key, *previous)
        # RFC 2104 section 3: no shorter than the hash.
        if any(len(each) < hashlib.sha256().digest_size for each in self._keys):
            msg = "a fingerprint key has at least 32 bytes"
            raise ValueError(msg)

    def __repr__(self) -> str:
        return "FingerprintKey(…)"

    def version(self, environment: str, secret: Secret) -> str:
        """Give `v1-` and 16 hexadecimal digits for a secret in an environment (contract C22)."""
        return self._versions(environment, secret)[0]

    def made(self, version: str, environment: str, secret: Secret) -> bool:
        """Tell whether a version is this secret's by the key or one before it (contract C25)."""
        known = self._versions(environment, secret)
        return any(hmac.compare_digest(version.encode(), each.encode()) for each in known)

    def login(self, address: str, user: str, password: Secret) -> str:
        """Give the fingerprint under which a refused log-in is remembered (contract C47)."""
        return self.logins(address, user, password)[0]

    def logins(self, address: str, user: str, password: Secret) -> tuple[str, ...]:
        """Give every fingerprint that a log-in may be remembered under: the key's own first."""
        return self._digests("login", address, user, password.reveal())

    def crossings(self, secret: Secret) -> tuple[str, ...]:
        """Give the fingerprints by which environments are compared: the key's own first.

        They do not depend on the environment, so they are stored and never shown (section 6).
        """
        return self._digests("crossing", secret.reveal())

    def derived(self, purpose: str) -> tuple[Secret, ...]:
        """Give a key of 32 bytes, in hexadecimal digits, for one purpose: the key's own first.

        HKDF with SHA-256 (RFC 5869), one block, without salt: nothing that is made with it tells
        anything of the key or of another purpose.
        """
        return tuple(_hkdf(key, purpose.encode()) for key in self._keys)

    def _versions(self, environment: str, secret: Secret) -> tuple[str, ...]:
        digests = self._digests("", environment, secret.reveal())
        return tuple(f"v1-{each[:16]}" for each in digests)

    def _digests(self, purpose: str, *parts: str) -> tuple[str, ...]:
        message = _framed(purpose, *parts) if purpose else _framed(*parts)
        return tuple(hmac.new(key, message, hashlib.sha256).hexdigest() for key in self._keys)
