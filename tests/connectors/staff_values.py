"""What the page OpenID Connect is expected to show, and which fields a test can change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.simulators import ImisModel

MODES, TYPES = ("disabled", "test_mode", "enabled"), ("entra_id", "okta", "other")
PROPERTIES: Mapping[str, str] = {
    "authority_url": "Authority",
    "client_id": "ProviderClientId",
    "external_id_claim_type": "ExternalIdClaimType",
    "name": "ProviderName",
    "redirect_login_url": "RedirectLoginUri",
    "set_login_hint": "SetLoginHint",
    "user_authentication.claim_type": "StaffClaimType",
    "user_authentication.claim_value": "StaffClaimValue",
    "well_known_url": "WellKnownUrl",
}
LABELS: Mapping[str, str] = {
    "mode": "OIDC authentication",
    "type": "Type",
    "name": "Name",
    "client_id": "Client ID",
    "client_secret": "Client Secret",
    "well_known_url": "Well-Known URL",
    "authority_url": "Authority URL",
    "redirect_login_url": "Redirect login URL",
    "external_id_claim_type": "External ID claim type",
    "set_login_hint": "Set login hint",
    "user_authentication.claim_type": "Claim type",
    "user_authentication.claim_value": "Claim value",
    "email_body": "Email body",
}
OTHER: Mapping[str, str | bool] = {
    "mode": "test_mode",
    "type": "other",
    "name": '  <Cloud> & "SSO" \'\u00e9\u4e2d\U0001f511\u05d0  ',
    "client_id": "another",
    "well_known_url": "https://sso.example.org/.well-known/openid-configuration",
    "authority_url": "https://sso.example.org",
    "redirect_login_url": "https://members.example.org/",
    "external_id_claim_type": "external_id",
    "set_login_hint": True,
    "user_authentication.claim_type": "role",
    "user_authentication.claim_value": "1",
    "email_body": "\nA line\n\n  <b>another</b>  \n",
}

# Pages that scripts make, at a pace that tests can wait for.
SCRIPT: Mapping[str, object] = {"staff_render": "script", "staff_render_delay": 0.02}
SINGLE: Mapping[str, object] = {"staff_render": "single_page", "staff_render_delay": 0.02}
QUESTION: Mapping[str, object] = {"staff_confirm": True, "staff_question": "page"}


def held(model: ImisModel) -> dict[str, Any]:
    """Give what iMIS holds, in our terms."""
    record = model.record
    values = {name: record.get(each, "") for name, each in PROPERTIES.items()}
    return values | {
        "mode": MODES[record.get("Mode", 0)],
        "type": TYPES[record.get("ProviderType", 0)],
        "email_body": model.email_body.replace("\r\n", "\n"),
    }


async def changed(staff: ImisStaffSite, change: Change) -> Observed:
    """Read, write, and read back, as the service does."""
    base = await staff.read(OPENID_CONNECT)
    await staff.write(OPENID_CONNECT, change, base)
    return await staff.read(OPENID_CONNECT)
