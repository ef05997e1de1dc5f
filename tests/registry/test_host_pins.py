"""Pins of hosts: one canonical form, and the hosts of directories (contract C45)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from imis_sso.domain.hosts import (
    address_and_port,
    canonical_host,
    host_of,
    is_directory_host,
    is_public,
)

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ADDRESSES = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(lambda each: f"[{each}]")
HOSTS = NAMES | ADDRESSES
PORTS = st.integers(1, 65535)


@given(host=HOSTS, port=PORTS)
def test_the_canonical_form_is_kept(host: str, port: int) -> None:
    assume(port != 443)
    assert canonical_host(host) == host
    assert canonical_host(f"{host}:{port}") == f"{host}:{port}"


@given(host=HOSTS)
def test_the_default_port_and_upper_case_are_not_canonical(host: str) -> None:
    assert canonical_host(f"{host.upper()}:443") == host


@given(address=st.ip_addresses(v=6))
def test_an_ipv6_address_has_one_form(address: ipaddress.IPv6Address) -> None:
    assert canonical_host(f"[{address.exploded}]") == f"[{address}]"


def accepted(text: str) -> str | None:
    """Give the canonical form, None for a text that is refused."""
    try:
        return canonical_host(text)
    except ValueError:
        return None


@given(text=NAMES.map(str.title) | st.text("ab.-:[]0189%@ \\*", max_size=12))
@example("a:443:443")
@example("[::1]x")
@example("a.example.org:+80")
@example("a.example.org:٨٠")
def test_the_canonical_form_is_its_own(text: str) -> None:
    """Whatever is accepted at all is stable, and says no more than host and port."""
    once = accepted(text)
    if once is None:
        return
    assert accepted(once) == once
    assert not set(once) & set("/?#@ \\%*")


@given(host=HOSTS, port=PORTS, path=st.sampled_from(["", "/", "/imis", "/a:b@c"]))
def test_an_address_falls_under_the_pin_of_its_host(host: str, port: int, path: str) -> None:
    assert host_of(f"https://{host}:{port}{path}") == canonical_host(f"{host}:{port}")


@pytest.mark.parametrize(
    "text",
    ["", ":", "a:", "a.", "*.a", "a/b", "https://a", "u@a", "a b", "a:0", "a:65536", "[::g]"],
)
def test_what_is_no_pin(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must"):
        canonical_host(text)


@pytest.mark.parametrize(
    ("host", "directory"),
    [
        ("login.microsoftonline.com", True),
        ("LOGIN.microsoftonline.com.", True),
        ("login.microsoftonline.com:443", True),
        ("sts.windows.net", True),
        ("cognito-idp.us-east-1.amazonaws.com", True),
        ("example.okta.com", True),
        ("a.b.oktapreview.com", True),
        ("okta.com.example.org", False),
        ("notokta.com", False),
        ("x.login.microsoftonline.com", False),
        ("sso.example.org", False),
        ("[::1]:8443", False),
    ],
)
def test_hosts_of_directories(host: str, directory: bool) -> None:
    """Product facts 5."""
    assert is_directory_host(host) is directory


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("sso.example.org", ("sso.example.org", 443)),
        ("sso.example.org:8443", ("sso.example.org", 8443)),
        ("127.0.0.1:4711", ("127.0.0.1", 4711)),
        ("[::1]", ("::1", 443)),
        ("[::1]:4711", ("::1", 4711)),
    ],
)
def test_a_pin_is_an_address_and_a_port(host: str, expected: tuple[str, int]) -> None:
    assert address_and_port(host) == expected


PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2001:0:7f00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_nobodys_or_private(address: str) -> None:
    """contract section 6: the egress rule."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_public_internet(address: str) -> None:
    assert is_public(address)
