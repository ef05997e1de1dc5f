"""Taking a JWT apart and checking it: RFC 7515, RFC 7519, RFC 8725 (contract C40)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from imis_sso.domain.problems import Unauthenticated

MAX_LENGTH: Final = 8192
LEEWAY: Final = 60
MAX_LIFE: Final = 24 * 60 * 60
ALGORITHMS: Final = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA",
    "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
    "ES256": "EC", "ES384": "EC", "ES512": "EC",
    "EdDSA": "OKP", "Ed25519": "OKP",
}  # fmt: skip
"""Algorithms that are taken, all asymmetric, and the type of key that each is for."""

_TYPES: Final = ("jwt", "application/jwt", "at+jwt", "application/at+jwt")
_PARTS: Final = 3
_LATEST: Final = 2**53

PublicKey = RSAKey | ECKey | OKPKey


class Refused(Exception):  # noqa: N818  # an answer, not a failure
    """A token is not taken; the reason is for the operator's log, not for a stranger."""


def looks_like_jwt(token: str) -> bool:
    """Tell whether a bearer token has a JWT's three parts; a stored token never has a dot."""
    return token.count(".") == _PARTS - 1


@dataclass(frozen=True)
class Unverified:
    """What a token says of itself before anything is believed: which issuer, which key."""

    token: str
    issuer: str
    algorithm: str
    key_id: str
    claims: Mapping[str, Any]

    @classmethod
    def of(cls, token: str) -> Unverified:
        """Take a token apart; raises Refused where it is none that could be taken."""
        if len(token) > MAX_LENGTH or not token.isascii():
            raise Refused("it is too long, or has characters that no token has")
        header, claims = (_object(part) for part in token.split(".")[:2])
        kind = header.get("typ", "JWT")
        if "crit" in header or str(kind).lower() not in _TYPES:
            raise Refused("its header asks for what is not understood here")
        algorithm, key_id, issuer = header.get("alg"), header.get("kid"), claims.get("iss")
        if not (isinstance(algorithm, str) and algorithm in ALGORITHMS):
            raise Refused("its algorithm is not one that is taken")
        if not (isinstance(key_id, str) and key_id and isinstance(issuer, str)):
            raise Refused("it names no key or no issuer")
        return cls(token, issuer, algorithm, key_id, claims)

    def verify(self, key: PublicKey) -> None:
        """Check the signature by the issuer's key of this id; raises Refused.

        The key decides with: its type and curve must be the algorithm's, and where it names a use
        or an algorithm of its own, these must be this.
        """
        if key.key_type != ALGORITHMS[self.algorithm]:
            raise Refused("its algorithm is not for a key of this type")
        stated = key.get("alg")
        same = {"EdDSA", "Ed25519"} if self.algorithm in {"EdDSA", "Ed25519"} else {self.algorithm}
        if key.get("use", "sig") != "sig" or (stated is not None and stated not in same):
            raise Refused("its key is for something else")
        try:
            registry = _Registry(strict_check_header=False)
            jws.deserialize_compact(self.token, key, registry=registry)
        except (JoseError, ValueError, TypeError):
            raise Refused("its signature is not the issuer's") from None

    def check_times(self, now: float) -> None:
        """Check `exp`, `nbf` and `iat` of a verified token (RFC 7519 4.1), with a minute's leeway.

        Raises Unauthenticated, which tells the reason: only the issuer's own callers get so far.
        """
        expires, issued = self._moment("exp"), self._moment("iat")
        begins = self._moment("nbf") if "nbf" in self.claims else issued
        if expires <= now - LEEWAY:
            raise Unauthenticated("This JWT has expired; ask its issuer for a new one.")
        if max(begins, issued) > now + LEEWAY:
            raise Unauthenticated("This JWT is not valid yet; compare the clocks.")
        if expires - issued > MAX_LIFE:
            raise Unauthenticated("This JWT lives longer than 24 hours; ask for a shorter one.")

    def _moment(self, claim: str) -> float:
        value = self.claims.get(claim)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _LATEST:
            msg = f"This JWT has no {claim} that is a number."
            raise Unauthenticated(msg)
        return float(value)


class _Registry(jws.JWSRegistry):
    """The allow-list. The library's own would warn of EdDSA for its name, not for its strength."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _object(part: str) -> dict[str, Any]:
    try:
        padded = part + "=" * (-len(part) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except (binascii.Error, ValueError, RecursionError, OverflowError):
        raise Refused("it is not well formed") from None
    if not isinstance(value, dict):
        raise Refused("it is not well formed")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        msg = "a key is given twice"
        raise ValueError(msg)
    return dict(pairs)


def _constant(name: str) -> NoReturn:
    raise ValueError(name)
