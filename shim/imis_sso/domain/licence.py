"""Judging whether iMIS has the licence for OpenID Connect (contract section 6). Pure."""

from __future__ import annotations

from typing import Final

from imis_sso.domain.checks import Check, Status

CHECK_ID: Final = "licence.openid-connect"


def judge_licence() -> Check:
    """Say that it is not known: no REST route is known to list licensed features (facts 3.4)."""
    detail = "iMIS does not tell over REST which features are licensed"
    remedy = "Look in iMIS under Settings > About iMIS > Licensed features."
    return Check(CHECK_ID, Status.SKIPPED, detail, (), remedy)
