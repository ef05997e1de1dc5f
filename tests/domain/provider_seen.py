"""Evidence of a provider, made up: its metadata, a silence."""

from __future__ import annotations

from typing import Any

from imis_sso.domain.checks import Status
from imis_sso.domain.evidence import (
    NOT_ASKED,
    ProviderFound,
    Reply,
)

PASSED, FAILED, WARNING, SKIPPED = Status.PASSED, Status.FAILED, Status.WARNING, Status.SKIPPED

ISSUER = "https://sso.example.org"

METADATA: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "HS512"],
}

SILENT = Reply(why="it did not answer in time")


def found(keys: Reply = NOT_ASKED, **metadata: Any) -> ProviderFound:
    document = {name: each for name, each in (METADATA | metadata).items() if each is not None}
    return ProviderFound(f"{ISSUER}/.well-known/x", Reply(200, document=document), keys)
