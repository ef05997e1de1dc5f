"""One-time codes by time: the vectors of RFC 6238, and the forms a secret comes in."""

from __future__ import annotations

import base64

import pytest

from imis_sso.domain.secret import Secret
from imis_sso.domain.totp import CodeGenerator, code_generator

# RFC 6238 appendix B, with the seeds of its erratum 2866.
SEEDS = {"SHA1": 20, "SHA256": 32, "SHA512": 64}
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
KEY = base64.b32encode(b"12345678901234567890").decode()


def seed(algorithm: str) -> str:
    text = b"1234567890" * 7
    return base64.b32encode(text[: SEEDS[algorithm]]).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", SEEDS)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: str(each[0]))
def test_the_vectors_of_the_rfc(algorithm: str, vector: tuple[int, str, str, str]) -> None:
    address = (
        f"otpauth://totp/Cloud%20SSO:me?secret={seed(algorithm)}&algorithm={algorithm}&digits=8"
    )
    generator = code_generator(Secret(address))
    expected = vector[1 + list(SEEDS).index(algorithm)]
    assert generator.code(generator.counter(vector[0])).reveal() == expected


def test_a_plain_secret_gives_six_digits_every_half_minute() -> None:
    generator = code_generator(Secret(KEY))
    assert (generator.digits, generator.period, generator.algorithm) == (6, 30, "SHA1")
    assert generator.code(1).reveal() == "287082"
    assert (generator.counter(59.9), generator.seconds_left(59.0)) == (1, 1.0)


@pytest.mark.parametrize("text", [KEY.lower(), f" {KEY[:4]} {KEY[4:]} ", f"{KEY[:8]}-{KEY[8:]}"])
def test_a_secret_is_read_as_people_copy_it(text: str) -> None:
    assert code_generator(Secret(text)) == code_generator(Secret(KEY))


@pytest.mark.parametrize(
    "text",
    [
        "not base32!",
        "",
        "otpauth://hotp/x?secret=" + KEY,
        "otpauth://totp/x",
        f"otpauth://totp/x?secret={KEY}&digits=5",
        f"otpauth://totp/x?secret={KEY}&digits=six",
        f"otpauth://totp/x?secret={KEY}&period=0",
        f"otpauth://totp/x?secret={KEY}&algorithm=MD5",
    ],
)
def test_what_is_no_secret_is_refused_without_its_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"one-time codes|otpauth") as caught:
        code_generator(Secret(text))
    assert KEY not in str(caught.value)
    assert "not base32!" not in str(caught.value)


def test_a_generator_does_not_print_its_key() -> None:
    generator = code_generator(Secret(KEY))
    assert repr(generator) == "CodeGenerator(…)"
    assert isinstance(generator, CodeGenerator)
    assert "3132" not in f"{generator}"
