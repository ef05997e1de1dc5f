"""Pins of hosts: one canonical form, and the hosts of directories (contract C45)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from imis_sso.domain.hosts import canonical_host, host_of, is_directory_host

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
