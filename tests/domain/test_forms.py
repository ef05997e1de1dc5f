"""Canonical forms of texts and addresses (contract C9, C10; RFC 3986)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imis_sso.domain.forms import (
    MAX_BODY,
    MAX_TEXT,
    authority,
    base_url,
    body_text,
    https_url,
    split_https,
    text,
)

FORMS = {"text": text, "body": body_text, "https": https_url, "base": base_url}

CANONICAL = [
    "https://sso.example.org",
    "https://sso.example.org/",
    "https://sso.example.org/.well-known/openid-configuration",
    "https://sso.example.org:8443/a",
    "https://sso.example.org:65535/",
    "https://sso.example.org/A/b%20c",
    "https://sso.example.org/?a=1&b=%3C",
    "https://sso.example.org?",
    "https://sso.example.org/?",
    "https://sso.example.org/a?b?c",
    "https://sso.example.org/a//b/../c",
    "https://sso.example.org/a:b@c",
    "https://sso.example.org/;p=1",
    "https://sso.example.org./",
    "https://xn--bcher-kva.example/",
    "https://localhost/",
    "https://10.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[2001:db8::1]:8443/x",
    "https://1.example/",
    f"https://{'a' * 63}.example/",
]

NOT_CANONICAL = [
    ("HTTPS://sso.example.org/", "https://sso.example.org/"),
    ("https://SSO.Example.org/Path", "https://sso.example.org/Path"),
    ("https://sso.example.org:443", "https://sso.example.org"),
    ("https://sso.example.org:443/", "https://sso.example.org/"),
    ("https://sso.example.org:00443/", "https://sso.example.org/"),
    ("https://sso.example.org:08443/", "https://sso.example.org:8443/"),
    ("https://sso.example.org:/", "https://sso.example.org/"),
    ("https://sso.example.org:", "https://sso.example.org"),
    (" https://sso.example.org/", "https://sso.example.org/"),
    ("https://sso.example.org/\n", "https://sso.example.org/"),
    ("\thttps://sso.example.org/\u00a0", "https://sso.example.org/"),
    ("https://sso.example.org/\u2028", "https://sso.example.org/"),
    ("https://[2001:DB8::1]/", "https://[2001:db8::1]/"),
    ("https://[::1]:443/", "https://[::1]/"),
]

REFUSED = [
    ("   ", "https"),
    ("sso.example.org", "https"),
    ("//sso.example.org/", "https"),
    ("/path", "https"),
    ("http://sso.example.org/", "must be an https address"),
    ("ftp://sso.example.org/", "must be an https address"),
    ("javascript:alert(1)", "must be an https address"),
    ("https:sso.example.org", "must be an https address"),
    ("https:/sso.example.org", "must be an https address"),
    ("https:///sso.example.org", "plain host"),
    ("https://", "plain host"),
    ("https:///", "plain host"),
    ("https://:443/", "plain host"),
    ("https://?a=b", "plain host"),
    ("https://user@sso.example.org/", "without user name"),
    ("https://user:pw@sso.example.org/", "without user name"),
    ("https://@sso.example.org/", "without user name"),
    ("https://sso.example.org@evil.example/", "without user name"),
    ("https://sso.example.org:x@evil.example/", "without user name"),
    ("https://evil.example\\@sso.example.org/", "no address may contain"),
    ("https:\\\\sso.example.org/", "no address may contain"),
    ("https://sso.example.org\\a", "no address may contain"),
    ("https://sso.exa\tmple.org/", "control character"),
    ("https://sso.example.org/a\rb", "control character"),
    ("https://sso.example.org/a\u2028b", "control character"),
    ("https://sso.example.org/a b", "no address may contain"),
    ("https://sso.example.org/<b>", "no address may contain"),
    ('https://sso.example.org/"', "no address may contain"),
    ("https://sso.example.org/{a}", "no address may contain"),
    ("https://sso.example.org/ü", "no address may contain"),
    ("https://bücher.example/", "no address may contain"),
    ("https://\uff53so.example.org/", "no address may contain"),
    ("https://sso。example.org/", "no address may contain"),
    ("https://sso.example.org:٨٠/", "no address may contain"),
    ("https://sso%2eexample.org/", "plain host"),
    ("https://sso.example.org%00/", "plain host"),
    ("https://sso_1.example.org/", "plain host"),
    ("https://-a.example/", "plain host"),
    ("https://a-.example/", "plain host"),
    ("https://a..example/", "plain host"),
    ("https://.example/", "plain host"),
    ("https://./", "plain host"),
    ("https://*.example.org/", "plain host"),
    (f"https://{'a' * 64}.example/", "plain host"),
    ("https://sso.example.org:0/", "plain host"),
    ("https://sso.example.org:65536/", "is not an address"),
    ("https://sso.example.org:-1/", "is not an address"),
    ("https://sso.example.org:+80/", "is not an address"),
    ("https://sso.example.org:http/", "is not an address"),
    ("https://sso.example.org:443:443/", "is not an address"),
    ("https://::1/", "is not an address"),
    ("https://[::1/", "is not an address"),
    ("https://::1]/", "is not an address"),
    ("https://[]/", "address"),
    ("https://[::g]/", "address"),
    ("https://[fe80::1%25eth0]/", "plain host"),
    ("https://[v1.a]/", "plain host"),
    ("https://[::1]evil.example/", "plain host"),
    ("https://evil.example[::1]/", "plain host"),
    ("https://sso.example.org/#", "fragment"),
    ("https://sso.example.org/#a", "fragment"),
    ("https://sso.example.org#a", "fragment"),
    ("https://sso.example.org/?a#b", "fragment"),
    (f"https://sso.example.org/{'a' * MAX_TEXT}", "at most"),
]


@pytest.mark.parametrize("value", CANONICAL)
def test_a_canonical_address_is_kept_to_the_byte(value: str) -> None:
    """contract C10: echoed verbatim."""
    assert https_url(value) == value


@pytest.mark.parametrize(("value", "canonical"), NOT_CANONICAL)
def test_the_canonical_form_of_an_address_is_named(value: str, canonical: str) -> None:
    """contract C10: white space at the ends, default port, upper-case host."""
    assert https_url(value) == canonical
    assert https_url(canonical) == canonical


@pytest.mark.parametrize(("value", "words"), REFUSED)
def test_an_address_that_two_readers_could_read_differently_is_refused(
    value: str, words: str
) -> None:
    for form in (https_url, base_url):
        with pytest.raises(ValueError, match=words):
            form(value)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("https://members.example.org/", "https://members.example.org/"),
        ("https://members.example.org", "https://members.example.org/"),
        ("https://members.example.org:443", "https://members.example.org/"),
        ("https://Members.example.org:8443", "https://members.example.org:8443/"),
        (" HTTPS://[::1] ", "https://[::1]/"),
    ],
)
def test_a_base_address_ends_in_a_slash(value: str, canonical: str) -> None:
    """contract C10, product facts 5: a missing trailing slash."""
    assert base_url(value) == canonical


@pytest.mark.parametrize(
    "value",
    [
        "https://members.example.org/imis",
        "https://members.example.org//",
        "https://members.example.org/?",
        "https://members.example.org?a=b",
        "https://members.example.org/?a=b",
        "https://members.example.org/.",
        "https://MEMBERS.example.org:443/imis/",
    ],
)
def test_a_base_address_has_no_path_and_the_refusal_names_the_right_form(value: str) -> None:
    """product facts 5: https, host only."""
    with pytest.raises(ValueError, match=r"the right form is https://members\.example\.org/$"):
        base_url(value)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("a", "a"),
        ("a  b", "a  b"),
        ("ünï ✓ 漢字", "ünï ✓ 漢字"),
        ("a\u200db", "a\u200db"),
        (" a", "a"),
        ("a\t", "a"),
        ("\r\na\r\n", "a"),
        ("\u3000a\u00a0", "a"),
        (" ", ""),
    ],
)
def test_a_text_has_no_white_space_at_its_ends(value: str, canonical: str) -> None:
    """contract C10."""
    assert text(value) == canonical


@pytest.mark.parametrize(
    "character",
    ["\x00", "\x07", "\t", "\n", "\r", "\x1f", "\x7f", "\x80", "\x85", "\x9f", "\u2028", "\u2029"],
)
def test_a_text_is_one_line_without_control_characters(character: str) -> None:
    with pytest.raises(ValueError, match="single line"):
        text(f"a{character}b")


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("a\nb", "a\nb"),
        (" a\n\n", " a\n\n"),
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("\r\r\n", "\n\n"),
        ("\t<b>&amp;</b>\u2028", "\t<b>&amp;</b>\u2028"),
    ],
)
def test_a_body_is_verbatim_but_for_its_line_ends(value: str, canonical: str) -> None:
    """contract C10, product facts 3.5."""
    assert body_text(value) == canonical


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\x85"])
def test_a_body_has_no_other_control_characters(character: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        body_text(f"a{character}b")


@pytest.mark.parametrize(("form", "limit"), [(text, MAX_TEXT), (body_text, MAX_BODY)])
def test_the_longest_text(form: object, limit: int) -> None:
    assert callable(form)
    assert form("a" * limit) == "a" * limit
    with pytest.raises(ValueError, match=f"is {limit + 1} characters long; at most {limit}"):
        form("a" * (limit + 1))


def accepted(name: str, value: str) -> str | None:
    """Give the canonical form of a value, None where it has none."""
    try:
        return FORMS[name](value)
    except ValueError:
        return None


PIECES = [
    "https://",
    "HTTPS:",
    "//",
    "/",
    "a",
    "B.example",
    ".",
    ":",
    ":443",
    ":08",
    "@",
    "?",
    "#",
    "%41",
    "[",
    "]",
    "::1",
    "[::1]",
    "\\",
    "xn--",
    "-",
    "_",
    "*",
    "=",
    "&",
    "é",
]
URL_LIKE = st.lists(st.sampled_from([*PIECES, " ", "\t", "\u2028"]), max_size=8).map("".join)
TEXTS = st.text(max_size=20) | URL_LIKE | URL_LIKE.map("https://h".__add__)


@given(name=st.sampled_from(sorted(FORMS)), value=TEXTS)
@example(name="https", value="https://[::1]x/")
@example(name="base", value="https://h")
@example(name="body", value="\r\r\n")
def test_the_canonical_form_is_its_own_canonical_form(name: str, value: str) -> None:
    """A value is taken exactly if it equals its canonical form (contract C10)."""
    canonical = accepted(name, value)
    if canonical is not None:
        assert accepted(name, canonical) == canonical


@given(value=URL_LIKE.map("https://h".__add__))
def test_an_accepted_address_is_one_that_every_reader_takes_apart_alike(value: str) -> None:
    """What is accepted holds no user name, fragment, back-slash, white space or odd host."""
    canonical = accepted("https", value)
    if canonical is None:
        return
    parts = split_https(canonical)
    assert canonical.startswith(f"https://{authority(parts)}")
    assert not set(canonical) & set("\\ \t\u2028é#")
    assert "@" not in parts.netloc
    assert parts.netloc == authority(parts)


@given(value=st.text(max_size=30))
def test_a_text_differs_from_its_canonical_form_only_at_its_ends(value: str) -> None:
    canonical = accepted("text", value)
    assert canonical is None or canonical == value.strip()


def test_the_scheme_and_host_are_read_whatever_their_case() -> None:
    parts = split_https("HTTPS://SSO.example.org:443/A")
    assert authority(parts) == "sso.example.org"
    assert authority(split_https("https://[::1]:8443/")) == "[::1]:8443"
