"""Keyed fingerprints of secrets and refused log-ins (contract C20, C22, C47)."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imis_sso.domain.fingerprint import FingerprintKey, _framed
from imis_sso.domain.secret import Secret

KEY = FingerprintKey(b"k" * 32)
OTHER = FingerprintKey(b"o" * 32)
TEXT = st.text(max_size=10)


@given(environment=TEXT, secret=TEXT)
def test_a_version_is_v1_and_16_hexadecimal_digits(environment: str, secret: str) -> None:
    """contract C22."""
    version = KEY.version(environment, Secret(secret))
    assert re.fullmatch(r"v1-[0-9a-f]{16}", version)
    assert version == KEY.version(environment, Secret(secret))


def test_a_version_is_the_hmac_of_the_length_framed_parts() -> None:
    """contract C22: HMAC-SHA256(server key, length-framed environment and secret)."""
    framed = (4).to_bytes(8, "big") + b"test" + (3).to_bytes(8, "big") + "sé".encode()
    expected = hmac.new(b"k" * 32, framed, hashlib.sha256).hexdigest()[:16]
    assert KEY.version("test", Secret("sé")) == f"v1-{expected}"


@given(first=st.tuples(TEXT, TEXT), second=st.tuples(TEXT, TEXT))
@example(first=("a", "bc"), second=("ab", "c"))
@example(first=("", "abc"), second=("abc", ""))
def test_framing_keeps_every_split_apart(first: tuple[str, str], second: tuple[str, str]) -> None:
    one, two = (KEY.version(place, Secret(secret)) for place, secret in (first, second))
    assert (one == two) == (first == second)


@given(first=st.lists(TEXT, max_size=5), second=st.lists(TEXT, max_size=5))
@example(first=["a"], second=["a", ""])
def test_framing_is_unambiguous_for_any_number_of_parts(
    first: list[str], second: list[str]
) -> None:
    """So a version is never the fingerprint of a log-in."""
    assert (_framed(*first) == _framed(*second)) == (first == second)


@given(environment=TEXT, secret=TEXT)
def test_another_key_gives_another_version(environment: str, secret: str) -> None:
    """contract C25: the key's loss is one plan of version changes."""
    assert KEY.version(environment, Secret(secret)) != OTHER.version(environment, Secret(secret))


@given(first=st.tuples(TEXT, TEXT, TEXT), second=st.tuples(TEXT, TEXT, TEXT))
def test_a_log_in_is_known_by_address_user_and_password(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> None:
    """contract C47."""
    one, two = (KEY.login(a, b, Secret(c)) for a, b, c in (first, second))
    assert (one == two) == (first == second)
    assert re.fullmatch(r"[0-9a-f]{64}", one)


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_short_key_is_refused(length: int) -> None:
    """RFC 2104 section 3."""
    with pytest.raises(ValueError, match="at least 32 bytes"):
        FingerprintKey(b"k" * length)


def test_a_key_does_not_print_itself() -> None:
    """contract C20."""
    key = FingerprintKey(b"canary-canary-canary-canary-canary")
    assert "canary" not in f"{key}{key!r}{[key]}"
    assert not hasattr(key, "__dict__")


@given(secret=TEXT, other=TEXT)
def test_a_rotated_key_knows_the_versions_of_those_before_it(secret: str, other: str) -> None:
    """contract C25: the newest key makes every version, each key recognises its own."""
    rotated = FingerprintKey(b"n" * 32, [b"o" * 32, b"k" * 32])
    assert rotated.version("test", Secret(secret)) == FingerprintKey(b"n" * 32).version(
        "test", Secret(secret)
    )
    for key in (rotated, OTHER, KEY):
        version = key.version("test", Secret(secret))
        assert rotated.made(version, "test", Secret(secret))
        assert rotated.made(version, "test", Secret(other)) is (secret == other)
        assert not rotated.made(version, "prod", Secret(secret))
    assert not KEY.made(OTHER.version("test", Secret(secret)), "test", Secret(secret))
    assert not rotated.made("", "test", Secret(secret))


def test_a_rotated_key_knows_log_ins_by_those_before_it() -> None:
    """contract C25, C47."""
    rotated = FingerprintKey(b"n" * 32, [b"k" * 32])
    newest, older = rotated.logins("a", "u", Secret("p"))
    assert newest == rotated.login("a", "u", Secret("p"))
    assert older == KEY.login("a", "u", Secret("p"))


def test_a_short_previous_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        FingerprintKey(b"k" * 32, [b"k" * 31])
