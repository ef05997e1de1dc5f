"""Trust pins: which hosts sign-in may depend on, said outside the API (contract C45)."""

from __future__ import annotations

from dataclasses import dataclass

from imis_sso.domain.documents.base import Trust
from imis_sso.domain.forms import authority, split_https
from imis_sso.domain.hosts import is_directory_host


@dataclass(frozen=True)
class Pins:
    """The pinned `host[:port]` entries of an environment; None where a list is not set.

    `directory` are those of one directory's secret, and `directory_key` the registry's key of them.
    """

    sso: frozenset[str] | None
    imis: frozenset[str] | None
    directory: frozenset[str] | None = None
    directory_key: str = "secrets.NAME.hosts"

    def refusal(self, trust: Trust, address: str) -> str | None:
        """Say why an https address is not trusted, naming the registry's key; None if it is.

        A directory's may be a bare host. Raises ValueError if the text is not an address.
        """
        if trust == "directory":
            return self._of_a_directory(address)
        host = authority(split_https(address))
        pinned, key = (self.sso, "sso_hosts") if trust == "sso" else (self.imis, "imis_hosts")
        if pinned is not None and host in pinned:
            return None
        if is_directory_host(host):
            return (
                f"points at {host}, a directory's own log-in: directory values belong in Cloud SSO "
                "only (Manage Directories), never in iMIS"
            )
        if pinned is None:
            return f"points at {host}, but the registry's key {key} is not set for this environment"
        return f"points at {host}, which the registry's key {key} does not list"

    def _of_a_directory(self, address: str) -> str | None:
        host = authority(split_https(address if "/" in address else f"https://{address}"))
        if self.directory is None:
            return (
                f"points at {host}, but the registry's key {self.directory_key} is not set for a "
                "secret of this directory"
            )
        if host in self.directory:
            return None
        return f"points at {host}, which the registry's key {self.directory_key} does not list"
