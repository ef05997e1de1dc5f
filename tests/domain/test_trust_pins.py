"""Trust pins and the hosts of directories (contract C45, product facts 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.hosts import DIRECTORY_HOSTS, canonical_host, host_of, is_directory_host
from imis_sso.domain.trust import Pins

PINS = Pins(
    frozenset({"sso.example.org", "sso.example.org:8443", "[::1]"}),
    frozenset({"members.example.org"}),
)
DIRECTORIES = [
    "login.microsoftonline.com",
    "sts.windows.net",
    "cognito-idp.eu-west-1.amazonaws.com",
    "example.okta.com",
    "example.oktapreview.com",
]


@pytest.mark.parametrize(
    "address",
    [
        "https://sso.example.org",
        "https://SSO.example.org:443/a?b",
        "https://sso.example.org:8443/",
        "https://[::1]/",
    ],
)
def test_an_address_on_a_pinned_host_is_trusted(address: str) -> None:
    assert PINS.refusal("sso", address) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "https://sso.example.org.evil.example/",
        "https://evil.sso.example.org/",
        "https://sso.example.org./",
        "https://sso.example.org:444/",
        "https://sso.example.org:8444/",
        "https://members.example.org/",
        "https://[::2]/",
        "https://127.0.0.1/",
    ],
)
def test_an_address_elsewhere_is_not(address: str) -> None:
    """contract C45: `host[:port]`, exactly."""
    refusal = PINS.refusal("sso", address)
    assert refusal is not None
    assert "the registry's key sso_hosts does not list" in refusal


def test_the_two_lists_are_kept_apart() -> None:
    assert PINS.refusal("imis", "https://members.example.org/") is None
    refusal = PINS.refusal("imis", "https://sso.example.org/")
    assert refusal == "points at sso.example.org, which the registry's key imis_hosts does not list"


@pytest.mark.parametrize(("trust", "key"), [("sso", "sso_hosts"), ("imis", "imis_hosts")])
def test_a_list_that_is_not_set_trusts_nothing(trust: str, key: str) -> None:
    """contract C45: or whose list is not set."""
    assert trust in ("sso", "imis")
    refusal = Pins(None, None).refusal(trust, "https://sso.example.org/")  # type: ignore[arg-type]
    assert refusal is not None
    assert f"the registry's key {key} is not set" in refusal


@pytest.mark.parametrize("host", DIRECTORIES)
@pytest.mark.parametrize("pins", [PINS, Pins(None, None)])
def test_a_directorys_own_address_is_explained(host: str, pins: Pins) -> None:
    """product facts 5: directory values belong in Cloud SSO only."""
    refusal = pins.refusal("sso", f"https://{host}/tenant/v2.0")
    assert refusal is not None
    assert "belong in Cloud SSO only" in refusal
    assert host in refusal


def test_a_directory_that_the_operator_pinned_is_trusted() -> None:
    assert (
        Pins(frozenset({DIRECTORIES[0]}), None).refusal("sso", f"https://{DIRECTORIES[0]}/") is None
    )


def test_what_is_no_address_is_not_judged() -> None:
    with pytest.raises(ValueError, match="https"):
        PINS.refusal("sso", "http://sso.example.org/")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        *((host, True) for host in DIRECTORIES),
        ("LOGIN.microsoftonline.com.:443", True),
        ("example.okta.com:8443", True),
        ("okta.com", False),
        ("notokta.com", False),
        ("example.okta.com.evil.example", False),
        ("cognito-idp", False),
        ("x.sts.windows.net", False),
        ("[2001:db8::1]:443", False),
        ("2001:db8::1", False),
    ],
)
def test_hosts_of_the_well_known_directories(host: str, known: bool) -> None:
    assert is_directory_host(host) is known


def test_every_well_known_directory_has_a_host_in_the_list() -> None:
    assert len(DIRECTORY_HOSTS) == len(DIRECTORIES)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("sso.example.org", "sso.example.org"),
        ("SSO.Example.org", "sso.example.org"),
        ("sso.example.org:443", "sso.example.org"),
        ("sso.example.org:8443", "sso.example.org:8443"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ("[2001:DB8::0:1]:8443", "[2001:db8::1]:8443"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_the_canonical_form_of_a_pin(value: str, canonical: str) -> None:
    assert canonical_host(value) == canonical
    assert host_of(f"https://{value}/a?b") == canonical


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("https://a", "not an address"),
        ("a/b", "not an address"),
        ("a?b", "not an address"),
        ("a#b", "not an address"),
        ("", "host or host:port"),
        ("*.a", "host or host:port"),
        ("u@a", "host or host:port"),
        ("a b", "host or host:port"),
        ("a:x", "host or host:port"),
        ("[::1]x", "host or host:port"),
        ("x[::1]", "host or host:port"),
        ("a:", "neither with a colon nor with a dot"),
        ("a.", "neither with a colon nor with a dot"),
        ("a.:8443", "neither with a colon nor with a dot"),
    ],
)
def test_what_is_no_pin(value: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        canonical_host(value)


def test_an_ipv6_address_is_checked_whatever_the_url_parser_lets_through() -> None:
    with pytest.raises(ValueError, match="must"):
        canonical_host("[:::1]")


PIN = st.from_regex(r"[a-z][a-z0-9]{0,5}(\.[a-z]{1,5})?(:[1-9][0-9]{0,3})?", fullmatch=True)


@given(pins=st.frozensets(PIN, max_size=3), host=PIN, path=st.sampled_from(["", "/", "/a?b"]))
def test_an_address_is_trusted_exactly_if_its_host_is_pinned(
    pins: frozenset[str], host: str, path: str
) -> None:
    """contract C45: registry and request come to the same canonical host."""
    pinned = frozenset(map(canonical_host, pins))
    trusted = Pins(pinned, None).refusal("sso", f"https://{host}{path}") is None
    assert trusted == (canonical_host(host) in pinned)
