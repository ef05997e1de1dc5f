"""JWTs of a real issuer over HTTPS: what is taken, and every refusal (contract C40)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from caller_issuer import AUDIENCE, WELL_KNOWN, TestIssuer, serving, signed
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from imis_sso.connectors.callers.jwt import ALGORITHMS, MAX_LENGTH, looks_like_jwt
from imis_sso.connectors.callers.keys import MAX_AGE, MAX_STALE, PAUSE, RETRY, Issuer, IssuerKeys
from imis_sso.connectors.callers.trusted import Trust, TrustedCallers
from imis_sso.domain.access import Scope
from imis_sso.domain.callers import CallerRule
from imis_sso.domain.problems import Unauthenticated, UpstreamUnavailable

pytestmark = pytest.mark.anyio

KEYS = {
    "es256": ECKey.generate_key("P-256"),
    "es384": ECKey.generate_key("P-384"),
    "es512": ECKey.generate_key("P-521"),
    "ed": OKPKey.generate_key("Ed25519"),
    "x25519": OKPKey.generate_key("X25519"),
    "oct": OctKey.generate_key(256),
}
with warnings.catch_warnings(action="ignore"):
    WEAK = RSAKey.generate_key(1024)
STRANGER = RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestIssuer]:
    with serving(tmp_path_factory.mktemp("issuer")) as issuer:
        yield issuer


@pytest.fixture
def issuer(served: TestIssuer) -> TestIssuer:
    """The issuer as at its start, with one key of every kind."""
    served.keys = {"rsa": served.keys["rsa"]} | KEYS
    served.answers = {WELL_KNOWN: {"issuer": served.url, "jwks_uri": f"{served.url}/keys"}}
    served.publish()
    served.asked.clear()
    return served


class Moments:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def way(issuer: TestIssuer) -> Issuer:
    return Issuer(issuer.url, ca_file=issuer.ca_file, allow_private=True)


def rule(issuer: TestIssuer) -> CallerRule:
    return CallerRule("deploy", issuer.url, AUDIENCE, {"repository": "acme/*"}, Scope.APPLY)


@pytest.fixture
async def callers(issuer: TestIssuer) -> AsyncIterator[TrustedCallers]:
    async with aclosing(TrustedCallers([Trust(rule(issuer), way(issuer))])) as found:
        yield found


async def test_a_caller_is_named(issuer: TestIssuer, callers: TrustedCallers) -> None:
    caller = await callers.find(issuer.token())
    assert caller is not None
    assert caller.name == "deploy:repo:acme/members:ref:refs/heads/main"
    assert caller.scope is Scope.APPLY
    assert caller.claims["sha"] == "0a1b2c3d"
    assert issuer.asked == [WELL_KNOWN, "/keys"]


KEY_OF = {"ES256": "es256", "ES384": "es384", "ES512": "es512", "EdDSA": "ed", "Ed25519": "ed"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_algorithm_of_the_list_is_taken(
    issuer: TestIssuer, callers: TrustedCallers, algorithm: str
) -> None:
    assert await callers.find(issuer.token(algorithm, KEY_OF.get(algorithm, "rsa"))) is not None


def test_the_list_is_asymmetric() -> None:
    assert all(each.startswith(("RS", "PS", "ES", "Ed")) for each in ALGORITHMS)


def _b64(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _unsigned(issuer: TestIssuer) -> str:
    return f"{_b64({'alg': 'none', 'kid': 'rsa'})}.{_b64(issuer.claims())}."


def _confused(issuer: TestIssuer) -> str:
    """The classic: the public key's own text as the secret of an HMAC."""
    secret = issuer.keys["rsa"].as_pem(private=False)
    said = f"{_b64({'alg': 'HS256', 'kid': 'rsa', 'typ': 'JWT'})}.{_b64(issuer.claims())}"
    mac = hmac.new(secret, said.encode(), hashlib.sha256).digest()
    return f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _resigned(issuer: TestIssuer) -> str:
    """Another payload under a good signature."""
    header, _, signature = issuer.token().split(".")
    return f"{header}.{_b64(issuer.claims(repository='acme/other'))}.{signature}"


def _with_header(**more: Any) -> Callable[[TestIssuer], str]:
    def made(issuer: TestIssuer) -> str:
        header = {"alg": "RS256", "kid": "rsa"} | more
        header = {name: each for name, each in header.items() if each is not None}
        return signed(header, json.dumps(issuer.claims()), issuer.keys["rsa"])

    return made


def _with_payload(change: Callable[[str], str]) -> Callable[[TestIssuer], str]:
    def made(issuer: TestIssuer) -> str:
        payload = change(json.dumps(issuer.claims()))
        return signed({"alg": "RS256", "kid": "rsa"}, payload, issuer.keys["rsa"])

    return made


UNPROVED: dict[str, Callable[[TestIssuer], str]] = {
    "alg none": _unsigned,
    "alg None": lambda i: _unsigned(i).replace(_b64({"alg": "none", "kid": "rsa"}), _b64({"alg": "None", "kid": "rsa"})),
    "public key as HMAC secret": _confused,
    "published symmetric key": lambda i: i.token("HS256", "oct"),
    "another key of this id": lambda i: i.token(key=STRANGER),
    "EC algorithm, RSA key id": lambda i: i.token("ES256", "rsa", key=KEYS["es256"]),
    "RSA algorithm, EC key id": lambda i: i.token("RS256", "es256", key=i.keys["rsa"]),
    "ES256 with P-384": lambda i: i.token("ES384", "es256", key=KEYS["es384"]),
    "EdDSA with X25519": lambda i: i.token("EdDSA", "x25519", key=KEYS["ed"]),
    "no such key": lambda i: i.token(kid="nobody", key=i.keys["rsa"]),
    "no kid": _with_header(kid=None),
    "kid is a number": _with_header(kid=7),
    "kid is empty": _with_header(kid=""),
    "no alg": lambda i: i.token().replace(i.token().split(".")[0], _b64({"kid": "rsa"})),
    "alg is a list": lambda i: i.token().replace(i.token().split(".")[0], _b64({"alg": ["RS256"], "kid": "rsa"})),
    "crit": _with_header(crit=["x"], x=1),
    "b64 false": _with_header(b64=False, crit=["b64"]),
    "typ of something else": _with_header(typ="logout+jwt"),
    "typ is a number": _with_header(typ=7),
    "payload changed": _resigned,
    "signature gone": lambda i: i.token().rpartition(".")[0] + ".",
    "signature spoilt": lambda i: i.token()[:-8] + "AAAAAAAA",
    "signature is no base64": lambda i: i.token().rpartition(".")[0] + ".***",
    "stranger's issuer": lambda i: i.token(iss="https://issuer.example.org"),
    "issuer with a slash": lambda i: i.token(iss=i.url + "/"),
    "issuer in capitals": lambda i: i.token(iss=i.url.upper()),
    "issuer with http": lambda i: i.token(iss=i.url.replace("https", "http")),
    "no issuer": lambda i: i.token(iss=None),
    "issuer is a list": lambda i: i.token(iss=[i.url]),
    "a claim twice": _with_payload(lambda text: text[:-1] + ', "aud": "x"}'),
    "NaN": _with_payload(lambda text: text[:-1] + ', "x": NaN}'),
    "no object": _with_payload(lambda _: "[]"),
    "no JSON": _with_payload(lambda text: text[:-1]),
    "a number too long": _with_payload(lambda text: text[:-1] + ', "x": ' + "1" * 5000 + "}"),
    "nested without end": _with_payload(lambda text: text[:-1] + ', "x": ' + "[" * 5000),
    "too long": lambda i: i.token(padding="x" * MAX_LENGTH),
    "characters that none has": lambda i: i.token()[:-1] + "ä",
    "a JWE's header": lambda i: i.token().replace(i.token().split(".")[0], _b64({"alg": "RSA-OAEP", "kid": "rsa"})),
    "empty parts": lambda _: "..",
    "dots": lambda _: "a.b.c",
}  # fmt: skip


@pytest.mark.parametrize("made", UNPROVED.values(), ids=UNPROVED)
async def test_what_is_not_proved_is_nobody(
    issuer: TestIssuer, callers: TrustedCallers, made: Callable[[TestIssuer], str]
) -> None:
    """contract C40: no reason is told to a stranger; RFC 8725 in a table."""
    token = made(issuer)
    assert looks_like_jwt(token)
    assert await callers.find(token) is None


def _at(**offsets: float | None) -> Callable[[], dict[str, Any]]:
    return lambda: {
        name: None if offset is None else time.time() + offset for name, offset in offsets.items()
    }


REASONED: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "expired": (_at(iat=-700, nbf=-700, exp=-61), "expired"),
    "issued in the future": (_at(iat=90, nbf=0, exp=600), "not valid yet"),
    "not valid before later": (_at(iat=0, nbf=90, exp=600), "not valid yet"),
    "lives too long": (_at(iat=-10, nbf=-10, exp=24 * 3600), "24 hours"),
    "no exp": (_at(exp=None), "no exp"),
    "no iat": (_at(iat=None), "no iat"),
    "exp is text": (lambda: {"exp": "9999999999"}, "no exp"),
    "exp is true": (lambda: {"exp": True}, "no exp"),
    "exp is endless": (lambda: {"exp": 10**400}, "no exp"),
    "nbf is null text": (lambda: {"nbf": ""}, "no nbf"),
    "another audience": (lambda: {"aud": "another"}, "No rule"),
    "two audiences": (lambda: {"aud": [AUDIENCE, "another"]}, "No rule"),
    "no audience": (lambda: {"aud": None}, "No rule"),
    "another repository": (lambda: {"repository": "evil/members"}, "No rule"),
    "no subject": (lambda: {"sub": None}, "No rule"),
    "subject is empty": (lambda: {"sub": ""}, "No rule"),
    "subject is a list": (lambda: {"sub": ["x"]}, "No rule"),
}


@pytest.mark.parametrize(("changed", "said"), REASONED.values(), ids=REASONED)
async def test_what_the_issuer_signed_is_told_why(
    issuer: TestIssuer, callers: TrustedCallers, changed: Callable[[], dict[str, Any]], said: str
) -> None:
    with pytest.raises(Unauthenticated, match=said) as caught:
        await callers.find(issuer.token(**changed()))
    assert AUDIENCE not in caught.value.detail
    assert "acme" not in caught.value.detail, "what a rule asks for is nobody's business"


@pytest.mark.parametrize(
    "changed",
    [_at(iat=-700, nbf=-700, exp=-50), _at(iat=50, nbf=50, exp=600), _at(nbf=None)],
    ids=["just expired", "a clock ahead", "no nbf"],
)
async def test_a_minute_of_leeway(
    issuer: TestIssuer, callers: TrustedCallers, changed: Callable[[], dict[str, Any]]
) -> None:
    assert await callers.find(issuer.token(**changed())) is not None


@pytest.mark.parametrize(
    "stated",
    [{"use": "enc"}, {"alg": "RS512"}, {"alg": "RSA-OAEP"}, {"key_ops": ["sign"]}],
    ids=str,
)
async def test_a_key_for_something_else_proves_nothing(
    issuer: TestIssuer, callers: TrustedCallers, stated: dict[str, Any]
) -> None:
    issuer.answers["/keys"]["keys"][0] |= stated
    assert await callers.find(issuer.token()) is None


async def test_keys_that_cannot_be_used_are_passed_over(
    issuer: TestIssuer, callers: TrustedCallers
) -> None:
    """A weak key, a key without id, rubbish: the others still work."""
    weak = WEAK.as_dict(private=False) | {"kid": "weak"}
    nameless = {k: v for k, v in issuer.answers["/keys"]["keys"][0].items() if k != "kid"}
    rubbish = [7, None, {}, {"kid": "a"}, {"kid": "b", "kty": "RSA"}, {"kid": "c", "kty": "?"}]
    off = {"kid": "d", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
    issuer.answers["/keys"]["keys"] += [weak, nameless, off, *rubbish]
    assert await callers.find(issuer.token()) is not None
    assert await callers.find(issuer.token(kid="weak", key=WEAK)) is None


async def test_a_strangers_issuer_is_never_asked(
    issuer: TestIssuer, callers: TrustedCallers
) -> None:
    await callers.find(issuer.token(iss="https://issuer.example.org"))
    assert issuer.asked == []


@pytest.fixture
def moments() -> Moments:
    return Moments()


@pytest.fixture
async def keys(issuer: TestIssuer, moments: Moments) -> AsyncIterator[IssuerKeys]:
    async with aclosing(IssuerKeys(way(issuer), moments)) as found:
        yield found


async def test_keys_are_fetched_once_for_many_callers(issuer: TestIssuer, keys: IssuerKeys) -> None:
    """Single-flight, then kept."""
    found = await asyncio.gather(*(keys.get("rsa") for _ in range(50)))
    assert all(found)
    assert issuer.asked == [WELL_KNOWN, "/keys"]


async def test_a_new_key_is_found_and_a_made_up_one_costs_one_fetch_a_minute(
    issuer: TestIssuer, keys: IssuerKeys, moments: Moments
) -> None:
    assert await keys.get("rsa")
    for _ in range(20):
        assert await keys.get("made-up") is None
    assert issuer.asked.count("/keys") == 1
    issuer.add("new", ECKey.generate_key("P-256"))
    moments.now += PAUSE
    assert all(await asyncio.gather(*(keys.get("new") for _ in range(20))))
    assert issuer.asked.count("/keys") == 2


async def test_a_key_that_is_taken_back_ends_with_the_age(
    issuer: TestIssuer, keys: IssuerKeys, moments: Moments
) -> None:
    assert await keys.get("es256")
    del issuer.keys["es256"]
    issuer.publish()
    moments.now += MAX_AGE
    assert await keys.get("es256")
    moments.now += 1
    assert await keys.get("es256") is None


async def test_stale_keys_serve_for_a_while_when_the_issuer_is_down(
    issuer: TestIssuer, keys: IssuerKeys, moments: Moments
) -> None:
    assert await keys.get("rsa")
    issuer.answers["/keys"] = 500
    moments.now += MAX_AGE + 1
    for _ in range(5):
        assert await keys.get("rsa")
    assert issuer.asked.count("/keys") == 2, "an issuer that is down is asked once a minute"
    moments.now += MAX_STALE
    with pytest.raises(UpstreamUnavailable):
        await keys.get("rsa")
    issuer.publish()
    moments.now += PAUSE
    assert await keys.get("rsa")


FAILING: dict[str, dict[str, Any]] = {
    "no discovery": {WELL_KNOWN: 404},
    "no keys": {"/keys": 503},
    "a redirect": {"/keys": 302},
    "another issuer's discovery": {WELL_KNOWN: {"issuer": "https://x.example", "jwks_uri": ...}},
    "no jwks_uri": {WELL_KNOWN: {"issuer": ...}},
    "jwks_uri is no address": {WELL_KNOWN: {"issuer": ..., "jwks_uri": "/keys"}},
    "jwks_uri without TLS": {WELL_KNOWN: {"issuer": ..., "jwks_uri": "http://127.0.0.1/keys"}},
    "jwks_uri leads inside": {WELL_KNOWN: {"issuer": ..., "jwks_uri": "https://127.0.0.1:1/keys"}},
    "no list": {"/keys": {"keys": {}}},
    "no object": {"/keys": []},
    "no JSON": {"/keys": b"<html>"},
    "nested without end": {"/keys": b"[" * 100_000},
    "no key": {"/keys": {"keys": []}},
    "only rubbish": {"/keys": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "rsa"}]}},
    "too large": {"/keys": {"keys": [], "x": "x" * 300_000}},
}


@pytest.mark.parametrize("answers", FAILING.values(), ids=FAILING)
async def test_a_failing_issuer_is_503_and_is_not_hammered(
    issuer: TestIssuer, keys: IssuerKeys, moments: Moments, answers: dict[str, Any]
) -> None:
    for path, answer in answers.items():
        right = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
        issuer.answers[path] = (
            {key: right[key] if each is ... else each for key, each in answer.items()}
            if isinstance(answer, dict)
            else answer
        )
    for _ in range(10):
        with pytest.raises(UpstreamUnavailable) as caught:
            await keys.get("rsa")
        assert issuer.url not in caught.value.detail
    assert len(issuer.asked) <= 2
    issuer.answers[WELL_KNOWN] = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
    issuer.publish()
    moments.now += RETRY
    assert await keys.get("rsa")


async def test_an_issuer_that_nobody_answers_for(issuer: TestIssuer, moments: Moments) -> None:
    async with aclosing(IssuerKeys(replace(way(issuer), ca_file=None), moments)) as strangers:
        with pytest.raises(UpstreamUnavailable):
            await strangers.get("rsa")
    assert issuer.asked == [], "an untrusted certificate is not spoken to"


async def test_a_private_issuer_needs_to_be_allowed(issuer: TestIssuer, moments: Moments) -> None:
    """contract section 6: the keys, too, are fetched under the egress rule."""
    async with aclosing(IssuerKeys(replace(way(issuer), allow_private=False), moments)) as keys:
        with pytest.raises(UpstreamUnavailable):
            await keys.get("rsa")
    assert issuer.asked == []


async def test_a_stated_jwks_uri_spares_discovery(issuer: TestIssuer, moments: Moments) -> None:
    stated = replace(way(issuer), jwks_uri=f"{issuer.url}/keys")
    async with aclosing(IssuerKeys(stated, moments)) as keys:
        assert await keys.get("rsa")
    assert issuer.asked == ["/keys"]
