"""The gated activation of external sign-in: the page's OIDC authentication (contract 1.2)."""

from __future__ import annotations

from typing import Literal

from imis_sso.domain.documents.base import Document, setting

Mode = Literal["disabled", "test_mode", "enabled"]
RANK: dict[str, int] = {"disabled": 0, "test_mode": 1, "enabled": 2}


class OidcAuthentication(Document):
    """Whether iMIS uses the external provider (product facts 3.1)."""

    mode: Mode = setting(
        "OIDC authentication",
        default="disabled",
        text="`disabled`: iMIS credentials only; `test_mode`: staff may use either; `enabled`: "
        "staff sign in through the provider only. Raised one step at a time, the last one "
        "verified.",
    )
