"""Hosts that trust is pinned to (contract C45)."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from imis_sso.domain.forms import authority, split_https

DIRECTORY_HOSTS: Final = (
    "login.microsoftonline.com",
    "sts.windows.net",
    "cognito-idp.*",
    "*.okta.com",
    "*.oktapreview.com",
)
"""Hosts of the well-known directories, whose values belong in Cloud SSO only (product facts 5)."""

_HTTPS_PORT: Final = 443
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def canonical_host(value: str) -> str:
    """Give the canonical form of a pin `host[:port]`: lower case, without the default port 443.

    Raises ValueError, with a sentence that names the right form, for everything else than a host
    with an optional port: addresses, paths, user names, patterns, a final dot.
    """
    if "/" in value or "?" in value or "#" in value:
        msg = "must be a host with an optional port, not an address"
        raise ValueError(msg)
    try:
        host = _compressed(authority(split_https(f"https://{value}/")))
    except ValueError:
        msg = "must be a host with an optional port: host or host:port"
        raise ValueError(msg) from None
    if value.endswith(":") or host.partition(":")[0].endswith("."):
        msg = "must end neither with a colon nor with a dot"
        raise ValueError(msg)
    return host


def host_of(address: str) -> str:
    """Give the pin `host[:port]` that an https address falls under. Raises as `canonical_host`."""
    return canonical_host(urlsplit(address).netloc)


def address_and_port(host: str) -> tuple[str, int]:
    """Give the name or IP address of a pin `host[:port]`, without brackets, and its port."""
    parts = urlsplit(f"https://{host}/")
    return parts.hostname or "", parts.port or _HTTPS_PORT


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet (contract 6: the egress rule).

    An IPv4 address inside an IPv6 one counts as itself. Raises ValueError for no IP address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(found) if isinstance(found, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    site_local = getattr(found, "is_site_local", False)
    return found.is_global and not (found.is_multicast or found.is_reserved or site_local)


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    teredo = address.teredo[1] if address.teredo else None
    translated = ipaddress.IPv4Address(address.packed[-4:]) if address in _NAT64 else None
    return address.ipv4_mapped or address.sixtofour or teredo or translated


def is_directory_host(host: str) -> bool:
    """Tell whether a pin or host is a well-known directory's (product facts 5)."""
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    name = name.lower().rstrip(".")
    return any(_fits(name, pattern) for pattern in DIRECTORY_HOSTS)


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*"):
        return name.endswith(pattern[1:])
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return name == pattern


def _compressed(host: str) -> str:
    if not host.startswith("["):
        return host
    literal, _, port = host[1:].partition("]")
    return f"[{ipaddress.IPv6Address(literal).compressed}]{port}"
