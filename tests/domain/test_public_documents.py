"""What the provider's public documents prove: discovery and key set (contract section 6)."""

from __future__ import annotations

from typing import Any

import pytest
from provider_seen import FAILED, ISSUER, METADATA, PASSED, SILENT, SKIPPED, found

from imis_sso.domain.checks import Status
from imis_sso.domain.evidence import (
    NOT_ASKED,
    ProviderFound,
    Reply,
)
from imis_sso.domain.provider_verdicts import (
    judge_discovery,
    judge_keys,
)


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply(200, document=METADATA), PASSED, "valid metadata"),
        (Reply(200, document=METADATA | {"jwks_uri": 1}), FAILED, "no jwks_uri"),
        (Reply(200, document={"issuer": ISSUER}), FAILED, "no token_endpoint and no jwks_uri"),
        (Reply(why="its certificate was refused (x)", untrusted=True), FAILED, "certificate"),
        (Reply(200, document={}), SKIPPED, "status 200"),
        (Reply(200, document={"issuer": 1}), SKIPPED, "status 200"),
        (Reply(200), SKIPPED, "status 200 with something else"),
        (Reply(404), SKIPPED, "status 404"),
        (Reply(404, document=METADATA), SKIPPED, "status 404"),
        (Reply(302, location=ISSUER), SKIPPED, "status 302"),
        (Reply(429), SKIPPED, "status 429"),
        (Reply(500), SKIPPED, "status 500"),
        (SILENT, SKIPPED, "in time"),
    ],
)
def test_discovery(reply: Reply, status: Status, words: str) -> None:
    """contract section 6: valid metadata over verified TLS."""
    check = judge_discovery(ProviderFound("https://a/x", reply))
    assert (check.id, check.status) == ("discovery.reachable", status)
    assert words in check.detail
    assert bool(check.remedy) is (status is FAILED)


RSA = {"kty": "RSA", "n": "AQ", "e": "AQAB"}

EC = {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}

OKP = {"kty": "OKP", "crv": "Ed25519", "x": "AQ"}


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ([RSA], PASSED),
        ([RSA | {"use": "sig"}], PASSED),
        ([RSA | {"alg": "RS256"}], PASSED),
        ([EC], PASSED),
        ([OKP], PASSED),
        ([{"kty": "oct"}, RSA], PASSED),
        ([None, 1, "x", RSA], PASSED),
        ([], FAILED),
        ([RSA | {"use": "enc"}], FAILED),
        ([RSA | {"use": "enc", "alg": "RSA-OAEP"}], FAILED),
        ([RSA | {"alg": "RSA-OAEP"}], FAILED),
        ([RSA | {"alg": "RS512"}], FAILED),
        ([RSA | {"alg": "ES256"}], FAILED),
        ([RSA | {"alg": None}], FAILED),
        ([RSA | {"n": ""}], FAILED),
        ([{"kty": "RSA"}], FAILED),
        ([{"kty": "oct", "k": "AQ", "alg": "HS512"}], FAILED),
        ([{"kty": ["RSA"]}], FAILED),
        ([None], FAILED),
    ],
)
def test_keys(keys: list[Any], status: Status) -> None:
    """contract section 6: a signing key for an asymmetric algorithm that the metadata names."""
    check = judge_keys(found(Reply(200, document={"keys": keys})))
    assert (check.id, check.status) == ("jwks.usable", status)
    assert bool(check.remedy) is (status is FAILED)


@pytest.mark.parametrize(
    ("named", "status"),
    [
        (["RS256"], PASSED),
        (["PS256"], PASSED),
        (["ES256"], FAILED),
        (["HS512"], FAILED),
        (None, PASSED),
        ([], PASSED),
    ],
)
def test_keys_that_fit_no_algorithm_that_is_named(named: list[str] | None, status: Status) -> None:
    """Product facts 4: HS512 cannot be verified by a key set."""
    evidence = found(
        Reply(200, document={"keys": [RSA]}), id_token_signing_alg_values_supported=named
    )
    assert judge_keys(evidence).status is status


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404),
        Reply(429),
        Reply(500, document={"keys": [RSA]}),
        Reply(200),
        Reply(200, document={}),
        Reply(200, document={"keys": {}}),
        SILENT,
        NOT_ASKED,
    ],
)
def test_a_key_set_that_is_none_proves_nothing(reply: Reply) -> None:
    assert judge_keys(found(reply)).status is SKIPPED
    assert judge_keys(ProviderFound("https://a", Reply(404), reply)).status is SKIPPED


def test_an_untrusted_host_of_the_key_set_fails() -> None:
    assert judge_keys(found(Reply(why="refused", untrusted=True))).status is FAILED
