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


def origin_of(address: str) -> str:
    """Give `scheme://host[:port]` of an address, as it is written (RFC 6454 without its forms)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(address: str) -> str:
    """Give the pin `host[:port]` that an https address falls under. Raises as `canonical_host`."""
    return canonical_host(urlsplit(address).netloc)


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
