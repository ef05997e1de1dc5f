"""One-time codes by time (RFC 6238), from the secret that a product shows when it is set up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from imis_sso.domain.secret import Secret

_ALGORITHMS: Final = {
    "SHA1": hashlib.sha1,
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}
_DIGITS: Final = range(6, 9)
_PERIODS: Final = range(1, 301)
_WRONG: Final = (
    "the secret of the one-time codes is neither base32 text nor an address otpauth://totp/…"
)


@dataclass(frozen=True, repr=False)
class CodeGenerator:
    """Makes the codes of one secret. It does not print itself."""

    key: Secret
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30

    def __repr__(self) -> str:
        return "CodeGenerator(…)"

    def counter(self, now: float) -> int:
        """Give the number of the period that a time, in seconds since 1970, lies in."""
        return int(now // self.period)

    def seconds_left(self, now: float) -> float:
        """Give how long the period lasts from now on."""
        return self.period - now % self.period

    def code(self, counter: int) -> Secret:
        """Give the code of a period (RFC 4226 section 5.3, RFC 6238 section 4)."""
        key, message = bytes.fromhex(self.key.reveal()), counter.to_bytes(8, "big")
        digest = hmac.new(key, message, _ALGORITHMS[self.algorithm]).digest()
        offset = digest[-1] & 0x0F
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
        return Secret(f"{number % 10**self.digits:0{self.digits}d}")


def code_generator(secret: Secret) -> CodeGenerator:
    """Read a secret as products show it: base32 with or without spaces, or an otpauth address.

    Raises ValueError, without a word of the secret, for anything else.
    """
    text = secret.reveal().strip()
    if not text.lower().startswith("otpauth:"):
        return CodeGenerator(_key(text))
    parts = urlsplit(text)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.netloc.lower() != "totp":
        raise ValueError(_WRONG)
    algorithm = given.get("algorithm", "SHA1").upper().replace("-", "")
    digits, period = _number(given.get("digits", "6")), _number(given.get("period", "30"))
    if algorithm not in _ALGORITHMS or digits not in _DIGITS or period not in _PERIODS:
        msg = "the otpauth address asks for an algorithm, digits or a period that is not known"
        raise ValueError(msg)
    return CodeGenerator(_key(given.get("secret", "")), algorithm, digits, period)


def _key(text: str) -> Secret:
    plain = text.replace(" ", "").replace("-", "").rstrip("=").upper()
    try:
        key = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError(_WRONG)
    return Secret(key.hex())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0  # noqa: PLR2004
