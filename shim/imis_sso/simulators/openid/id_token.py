"""How a client checks an ID token before it believes it (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joserfc import jws, jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from imis_sso.simulators.openid.client import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Algorithms whose key a provider can publish; HS512 is not verifiable by JWKS (product facts 4.4).
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_REASONS = {"iss": "token-issuer", "aud": "audience", "nonce": "nonce"}


def verified(
    token: str,
    keys: Sequence[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
) -> dict[str, Any]:
    """Give the claims of an ID token that is right in every respect.

    Raises RefusedError: `algorithm`, `keys-unusable`, `signature`, `token-issuer`, `audience`,
    `nonce`, `expired`, `token-malformed`.
    """
    algorithm = _algorithm(token)
    usable = [dict(key) for key in keys if _is_usable(key, algorithm)]
    if not usable:
        raise RefusedError("keys-unusable", "The provider publishes no key for its ID tokens.")
    try:
        claims = jwt.decode(token, _key_set(usable), algorithms=[algorithm]).claims
    except JoseError:
        raise RefusedError("signature", "The signature of the ID token is not right.") from None
    _check(claims, issuer, client_id, nonce)
    return claims


def _algorithm(token: str) -> str:
    try:
        algorithm = str(jws.extract_compact(token.encode()).headers().get("alg"))
    except (JoseError, ValueError):
        raise RefusedError("token-malformed", "The ID token cannot be read.") from None
    if algorithm not in ASYMMETRIC:
        raise RefusedError("algorithm", f"ID tokens signed by {algorithm} are not accepted.")
    return algorithm


def _is_usable(key: Mapping[str, Any], algorithm: str) -> bool:
    kind = {"R": "RSA", "P": "RSA", "E": "EC"}[algorithm[0]]
    is_signing = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    return key.get("kty") == kind and is_signing


def _key_set(keys: Sequence[dict[str, Any]]) -> KeySet:
    try:
        return KeySet.import_key_set({"keys": list(keys)})
    except (JoseError, ValueError):
        raise RefusedError("keys-malformed", "The key set cannot be read.") from None


def _check(claims: dict[str, Any], issuer: str, client_id: str, nonce: str) -> None:
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(claims)
    except ExpiredTokenError:
        raise RefusedError("expired", "The ID token has expired.") from None
    except ClaimError as error:
        reason = _REASONS.get(str(error.claim), "token-malformed")
        raise RefusedError(reason, f"The ID token's claim {error.claim} is not right.") from None
