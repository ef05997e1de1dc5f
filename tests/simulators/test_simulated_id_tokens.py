"""Which keys and algorithms the simulated clients accept (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from imis_sso.simulators.openid.client import RefusedError
from imis_sso.simulators.openid.id_token import verified
from imis_sso.simulators.openid.keys import SigningKey

ISSUER, CLIENT = "https://sso.example.org", "client"
KEY = SigningKey()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": CLIENT, "sub": "s", "iat": now, "exp": now + 60, "nonce": "n"}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def check(token: str, *keys: dict[str, Any]) -> dict[str, Any]:
    return verified(token, keys, issuer=ISSUER, client_id=CLIENT, nonce="n")


@pytest.mark.parametrize(
    ("parameters", "usable"),
    [
        ({"use": "sig", "alg": "RS256"}, True),
        ({"use": "sig"}, True),
        ({"alg": "RS256"}, True),
        ({}, True),
        ({"use": "enc"}, False),
        ({"alg": "RSA-OAEP"}, False),
        ({"alg": "RS512"}, False),
    ],
)
def test_only_a_key_for_signatures_by_that_algorithm(
    parameters: dict[str, str], usable: bool
) -> None:
    """verification.md: `use` is `sig` or absent, `alg` that of the token or absent."""
    token = KEY.sign(claims(), "RS256")
    if usable:
        assert check(token, KEY.jwk(**parameters))["sub"] == "s"
        return
    with pytest.raises(RefusedError) as caught:
        check(token, KEY.jwk(**parameters))
    assert caught.value.reason == "keys-unusable"


def test_one_key_among_others_is_found() -> None:
    other = SigningKey().jwk(use="sig", alg="RS256")
    elliptic = ECKey.generate_key("P-256", {"use": "sig"}).as_dict(private=False)
    token = KEY.sign(claims(), "RS256")
    assert check(token, other, dict(elliptic), KEY.jwk(use="sig", alg="RS256"))


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "none"])
def test_no_secret_and_no_silence_signs(algorithm: str) -> None:
    """product facts 4.4: HS512 cannot be verified by JWKS, whoever knows the secret."""
    secret = OctKey.import_key("secret" * 12)
    if algorithm == "none":
        token = jwt.encode({"alg": "RS256"}, claims(), SigningKey()._key)
        token = f"eyJhbGciOiJub25lIn0.{token.split('.')[1]}."
    else:
        token = jwt.encode({"alg": algorithm}, claims(), secret, algorithms=[algorithm])
    for key in (KEY.jwk(use="sig"), dict(secret.as_dict())):
        with pytest.raises(RefusedError) as caught:
            check(token, key)
        assert caught.value.reason == "algorithm"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": f"{ISSUER}/"}, "token-issuer"),
        ({"iss": None}, "token-issuer"),
        ({"aud": ["other"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"nonce": "m"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "token-malformed"),
        ({"sub": None}, "token-malformed"),
        ({"iat": int(time.time()) + 3600}, "token-malformed"),
    ],
)
def test_every_claim_counts(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check(KEY.sign(claims(**changes), "RS256"), KEY.jwk())
    assert caught.value.reason == reason


def test_one_of_several_audiences_will_do() -> None:
    assert check(KEY.sign(claims(aud=["other", CLIENT]), "RS256"), KEY.jwk())


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "é.b.c", "eyJ9.e30.x"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check(token, KEY.jwk())
    assert caught.value.reason == "token-malformed"
