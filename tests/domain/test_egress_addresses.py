"""What may be fetched: targets S3, contract section 6, in a table."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.egress import EgressRefused, destination, refusal

REFUSED = [
    "https://127.0.0.1/",
    "https://127.255.255.254/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://168.63.129.16/",
    "https://192.0.0.1/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://198.51.100.7/",
    "https://203.0.113.9/",
    "https://192.88.99.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[::8.8.8.8]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:808:808::1]/",
    "https://[2001:0:4136:e378::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[100::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[1::1]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://127.0.0.0x1/",
    "https://08.8.8.8/",
    "https://8.8.8.8./",
    "https://256.256.256.256/",
    "https://1.2.3.4.5/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://x.localhost/",
    "https://localhost.localdomain/",
    "https://ip6-loopback/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://localhost:443/",
    "https://127.0.0.1:8443/",
    "http://8.8.8.8/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "https:///etc/passwd",
    "https:example.org",
    "//example.org/",
    "https://user@example.org/",
    "https://user:@example.org/",
    "https://@example.org/",
    "https://example.org@127.0.0.1/",
    "https://127.0.0.1#@example.org/",
    "https://example.org\\@127.0.0.1/",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org:x/",
    "https://\u24dbocalhost/",
    "https://127\u30020\u30020\u30021/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://ex%61mple.org/",
    "https://example.org%00.localhost/",
    "https://-example.org/",
    "https://exam_ple.org/",
    "https://[::1/",
    "https://[127.0.0.1]/",
    "https://[v1.x]/",
    "https://example.org/#x",
    "javascript:alert(1)",
]

TAKEN = {
    "https://example.org/": ("example.org", 443),
    "https://EXAMPLE.org:8443/a?b=c": ("example.org", 8443),
    "https://xn--bcher-kva.example/": ("xn--bcher-kva.example", 443),
    "https://localhost.example.org/": ("localhost.example.org", 443),
    "https://8.8.8.8/": ("8.8.8.8", 443),
    "https://172.32.0.1/": ("172.32.0.1", 443),
    "https://100.128.0.1/": ("100.128.0.1", 443),
    "https://[2606:4700:4700::1111]/": ("2606:4700:4700::1111", 443),
    "https://[64:ff9b::8.8.8.8]/": ("64:ff9b::8.8.8.8", 443),
    "https://4.example.org/": ("4.example.org", 443),
}


@pytest.mark.parametrize("address", REFUSED)
def test_refused(address: str) -> None:
    """targets S3: whatever leads to this machine or a private network, or could be read so."""
    with pytest.raises(EgressRefused) as caught:
        destination(address)
    assert str(caught.value)


def test_the_table_is_as_long_as_promised() -> None:
    assert len(set(REFUSED)) >= 40


@pytest.mark.parametrize("address", TAKEN)
def test_taken(address: str) -> None:
    found = destination(address)
    assert (found.host, found.port) == TAKEN[address]
    assert not found.allowed


@pytest.mark.parametrize(
    ("allow", "address", "taken"),
    [
        ({"127.0.0.1:8443"}, "https://127.0.0.1:8443/x", True),
        ({"127.0.0.1:8443"}, "https://127.0.0.1:8444/", False),
        ({"127.0.0.1:8443"}, "https://127.0.0.1/", False),
        ({"127.0.0.1"}, "https://127.0.0.1:443/", True),
        ({"localhost:9000"}, "https://LocalHost:9000/", True),
        ({"[::1]:8443"}, "https://[::1]:8443/", True),
        ({"issuer.internal"}, "https://issuer.internal/", True),
        ({"issuer.internal"}, "https://x.issuer.internal/", False),
        ({"127.0.0.1:8443"}, "https://user@127.0.0.1:8443/", False),
        ({"127.0.0.1:8443"}, "http://127.0.0.1:8443/", False),
    ],
)
def test_an_entry_allows_exactly_its_host_and_port(
    allow: set[str], address: str, taken: bool
) -> None:
    """contract section 6: unless `egress.allow` names it; never a user name, never without TLS."""
    if taken:
        assert destination(address, allow).allowed
    else:
        with pytest.raises(EgressRefused):
            destination(address, allow)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_taken(address: object) -> None:
    """Python's own tables, kept by others, agree wherever they say no."""
    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    if not address.is_global or address.is_multicast:
        embedded = isinstance(address, ipaddress.IPv6Address) and str(address).startswith(
            "64:ff9b::"
        )
        assert refusal(address) is not None or embedded


@given(st.ip_addresses(v=4))
def test_nat64_is_judged_by_what_it_carries(carried: ipaddress.IPv4Address) -> None:
    """RFC 6052: a network with IPv6 only reaches public IPv4 hosts this way, and no others."""
    carrier = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(carried))
    assert refusal(carrier) == refusal(carried)
