"""Cloud SSO > External Directories > Manage Directories: what is kept of each (facts 4.3)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CLAIMS = ("external_id", "first_name", "last_name", "email", "staff")


@dataclass(frozen=True)
class Directory:
    """One directory, by the names of product facts 4.3; `number` is Cloud SSO's own."""

    number: int
    name: str
    discovery_domain: str
    authorization_url: str
    token_url: str
    userinfo_url: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    claims: Mapping[str, str]
    scopes: str = "openid profile email"
    enable_pkce: bool = True
    enable_response_mode_form_post: bool = False
    enable_token_endpoint_basic_auth: bool = False

    def as_dict(self) -> dict[str, object]:
        """Give every field, the secret in clear, ready for JSON."""
        return asdict(self)

    def changed(self, changes: Mapping[str, Any]) -> Directory:
        """Give the directory with these fields changed, and these claims merged.

        Raises ValueError for a field or a claim it does not have.
        """
        changes = dict(changes)
        known = {each.name for each in fields(self)} - {"number"}
        claims: Mapping[str, str] = changes.pop("claims", {})
        unknown = sorted((changes.keys() - known) | (claims.keys() - set(CLAIMS)))
        if unknown:
            message = f"a directory has no {', '.join(unknown)}"
            raise ValueError(message)
        return replace(self, **changes, claims={**self.claims, **claims})

    def mapped(self, said: Mapping[str, Any]) -> dict[str, str]:
        """Give the claims for iMIS from what the directory said, leaving out what it did not.

        Only texts and numbers are taken, never a list (product facts 4.3).
        """
        found = {name: _text(said.get(claim)) for name, claim in self.claims.items()}
        if found.get("external_id"):
            # Inferred: a directory's ids are prefixed with its record number (4.3).
            found["external_id"] = f"{self.number}-{found['external_id']}"
        return {name: value for name, value in found.items() if value}


def _text(value: object) -> str:
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_plain else ""
