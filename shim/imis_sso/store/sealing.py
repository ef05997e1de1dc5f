"""Seals a secret for the store: nobody reads or moves it without the server key."""

from __future__ import annotations

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.secret import Secret

_NONCE_BYTES: Final = 12
_PURPOSE: Final = "imis-sso sealed v1"


class SealBroken(Exception):  # noqa: N818  # what a seal says, not an error of ours
    """No key that is known opens it, or it was changed, or it was sealed for another place."""


class Seal:
    """AES-256-GCM under a key derived from the server key; `place` is what it is sealed for.

    What was sealed with a key before the present one can still be opened while that key is known.
    """

    def __init__(self, key: FingerprintKey, place: str) -> None:
        keys = key.derived(_PURPOSE)
        self._ciphers = [AESGCM(bytes.fromhex(each.reveal())) for each in keys]
        self._place = place.encode()

    def close(self, secret: Secret) -> str:
        """Seal a secret, with the present key."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[0].encrypt(nonce, secret.reveal().encode(), self._place)
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str) -> tuple[Secret, bool]:
        """Open what was sealed; tells also whether the present key did. Raises SealBroken."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except binascii.Error:
            raise SealBroken from None
        for number, cipher in enumerate(self._ciphers):
            try:
                plain = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._place)
            except (InvalidTag, ValueError):
                continue
            return Secret(plain.decode()), number == 0
        raise SealBroken
