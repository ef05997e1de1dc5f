"""Judging whether iMIS has the licence for OpenID Connect (contract section 6). Pure."""

from __future__ import annotations

from typing import Final

from imis_sso.domain.checks import Check, Status
from imis_sso.domain.documents.licence import Licensed

CHECK_ID: Final = "licence.openid-connect"
_FIELDS: Final = ("imis/licence#openid_connect",)
_REMEDY: Final = "Look in iMIS under Settings > About iMIS > Licensed features."


def judge_licence(licensed: Licensed = "unknown") -> Check:
    """Judge what iMIS tells of the licence; unknown proves nothing (product facts 3.4)."""
    if licensed == "licensed":
        return Check(CHECK_ID, Status.PASSED, "iMIS lists the licence", _FIELDS)
    if licensed == "not_licensed":
        detail = "iMIS does not list OpenID Connect among its licensed features"
        remedy = "Ask ASI for the licence: without it the settings have no effect."
        return Check(CHECK_ID, Status.FAILED, detail, _FIELDS, remedy)
    detail = "the connector cannot tell which features are licensed"
    return Check(CHECK_ID, Status.SKIPPED, detail, _FIELDS, _REMEDY)
