"""The record the simulated iMIS starts with."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from imis_sso.simulators.imis import wire

if TYPE_CHECKING:
    from imis_sso.simulators.imis.wire import Record

#: As a browser sent it: its line ends are CRLF (product facts 3.5).
EMAIL_BODY = "Welcome to the staff site.\r\n\r\nSign in with your usual e-mail address.\r\n"


def half_finished(base_url: str, secret: str, index: int) -> Record:
    """Give a record as a person leaves it who was called away half-way through the recipe."""
    directory = "https://login.microsoftonline.com/6f0d0d4e-0000-4000-8000-3a5e51b1c0de/v2.0"
    return {
        "ProviderId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{base_url}/{index}")),
        "Mode": 0,
        "ProviderType": 1,
        "ProviderName": "Single sign-on",
        "ProviderClientId": "imis-trial-2021",
        "ClientSecret": secret,
        "WellKnownUrl": f"{directory}/.well-known/openid-configuration",
        "Authority": directory,
        "RedirectLoginUri": base_url,
        "ExternalIdClaimType": "sub",
        "SetLoginHint": False,
        "StaffClaimType": "staff",
        "StaffClaimValue": "true",
        "RoleMappingKey": "staff-roles",
        # Properties no document knows of, which every write must hand back as they came.
        "SortOrder": 3,
        "Appearance": {
            "$type": f"{wire.NAMESPACE}.Internal.OpenIDProviderAppearanceData, Asi.Contracts",
            "ButtonText": "Sign in",
            "ShowLogo": True,
        },
        "SessionMinutes": {"$type": "System.Int32", "$value": 45},
    }
