"""Trust pins: which hosts sign-in may depend on, said outside the API (contract C45)."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Final

from imis_sso.domain.documents.base import Trust
from imis_sso.domain.forms import authority, split_https

KNOWN_DIRECTORIES: Final = (
    "login.microsoftonline.com",
    "sts.windows.net",
    "cognito-idp.*",
    "*.okta.com",
    "*.oktapreview.com",
)


@dataclass(frozen=True)
class Pins:
    """The pinned `host[:port]` entries of an environment; None where a list is not set."""

    sso: frozenset[str] | None
    imis: frozenset[str] | None

    def refusal(self, trust: Trust, address: str) -> str | None:
        """Say why an https address is not trusted, naming the registry's key; None if it is.

        Raises ValueError if the text is not an https address.
        """
        host = authority(split_https(address))
        pinned, key = (self.sso, "sso_hosts") if trust == "sso" else (self.imis, "imis_hosts")
        if pinned is not None and host in pinned:
            return None
        if is_known_directory(host):
            return (
                f"points at {host}, a directory's own log-in: directory values belong in Cloud SSO "
                "only (Manage Directories), never in iMIS"
            )
        if pinned is None:
            return f"points at {host}, but the registry's key {key} is not set for this environment"
        return f"points at {host}, which the registry's key {key} does not list"


def is_known_directory(host: str) -> bool:
    """Tell whether a `host[:port]` belongs to a well-known directory's log-in (product facts 5)."""
    name = host.partition(":")[0]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in KNOWN_DIRECTORIES)
