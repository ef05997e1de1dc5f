"""Which addresses the service may fetch: none of this machine or of a private network (section 6).

What is judged is what is connected to: first the text of the address, then every IP address that
its name resolves to. The ranges are those of the IANA special-purpose registries (RFC 6890) and
whatever else carries an address of theirs inside.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from imis_sso.domain.forms import DEFAULT_HTTPS_PORT, authority, split_https

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_V4: Final = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "of a carrier's shared space",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "of a cloud's own services",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "reserved for documentation",
    "192.88.99.0/24": "of a 6to4 relay",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "reserved for benchmarks",
    "198.51.100.0/24": "reserved for documentation",
    "203.0.113.0/24": "reserved for documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
# In IPv6 only 2000::/3 is unicast of the whole Internet; these are the exceptions within it.
_V6: Final = {
    "2001::/23": "of a protocol's own range, or Teredo",
    "2001:db8::/32": "reserved for documentation",
    "2002::/16": "6to4, which carries another address",
    "3ffe::/16": "reserved",
    "3fff::/20": "reserved for documentation",
}
_RANGES_4: Final = tuple((ipaddress.IPv4Network(net), why) for net, why in _V4.items())
_RANGES_6: Final = tuple((ipaddress.IPv6Network(net), why) for net, why in _V6.items())
_GLOBAL_6: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAMES: Final = re.compile(
    r"(.+\.)?(localhost|localdomain|ip6-localhost|ip6-loopback|local|internal)"
)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


class EgressRefused(Exception):  # noqa: N818  # a refusal, not a failure
    """An address may not be fetched; the message says why, and names no answer of it."""


@dataclass(frozen=True)
class Destination:
    """Where an address leads: a host name or literal in lower case, and a port.

    `allowed` tells that the operator lets it be fetched wherever it leads.
    """

    host: str
    port: int
    allowed: bool = False

    @property
    def literal(self) -> IPAddress | None:
        """The IP address that the host is, or None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


def destination(address: str, allow: Container[str] = ()) -> Destination:
    """Judge the text of an address; `allow` are the operator's entries `host[:port]`.

    Raises EgressRefused for everything but a plain https address of a host that could be public:
    other schemes, user names, characters that two readers understand differently, numbers written
    in another way than as four decimal parts, local names.
    """
    try:
        parts = split_https(address)
    except ValueError as error:
        msg = f"the address {error}"
        raise EgressRefused(msg) from None
    host = parts.hostname or ""
    found = Destination(host, parts.port or DEFAULT_HTTPS_PORT, authority(parts) in allow)
    if not found.allowed:
        _judge_host(found)
    return found


def _judge_host(found: Destination) -> None:
    host, literal = found.host, found.literal
    if literal is not None:
        judge(literal)
    elif host.endswith("."):
        msg = "its host must not end in a dot"
        raise EgressRefused(msg)
    elif _LOCAL_NAMES.fullmatch(host):
        msg = f"{host} is a name of this machine or of a local network"
        raise EgressRefused(msg)
    elif ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        # "Ends in a number" (URL Standard 3.5): some readers would make an IPv4 address of it.
        msg = f"{host} is a number in place of a host name"
        raise EgressRefused(msg)


def judge(address: IPAddress) -> None:
    """Raise EgressRefused unless an IP address is one of the public Internet."""
    why = refusal(address)
    if why is not None:
        msg = f"{address} is {why}"
        raise EgressRefused(msg)


def refusal(address: IPAddress) -> str | None:
    """Say what an IP address is, where it may not be connected to; None where it may."""
    if isinstance(address, ipaddress.IPv4Address):
        return next((why for network, why in _RANGES_4 if address in network), None)
    if address in _NAT64:
        # The way to a public IPv4 host from a network that has IPv6 only (RFC 6052).
        return refusal(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.scope_id is not None or address not in _GLOBAL_6:
        return "no public address, or carries another one"
    return next((why for network, why in _RANGES_6 if address in network), None)
