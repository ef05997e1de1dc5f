"""Judging where iMIS's sign-in page sends a browser (contract section 6). Pure."""

from __future__ import annotations

from typing import Final

from imis_sso.domain.checks import Check, Status
from imis_sso.domain.evidence import Metadata, SignInSeen
from imis_sso.domain.verdicts import Halves

CHECK_ID: Final = "imis.sign-in-page"
_FIELDS: Final = (
    "imis/openid-connect#client_id",
    "imis/openid-connect#redirect_login_url",
    "imis/openid-connect#well_known_url",
)
_REMEDY: Final = (
    "Write imis/openid-connect again and look at the page: iMIS does not use what its record holds."
)


def judge_sign_in(seen: SignInSeen, halves: Halves, metadata: Metadata | None) -> Check:
    """Judge the redirect of the page: to the provider, with this client and redirect URL."""
    if halves.mode == "disabled":
        return _skipped("external sign-in is disabled")
    reply = seen.reply
    if not reply.redirects:
        return _skipped(seen.why or f"{seen.address} sends nobody on: {reply.code}")
    if metadata is None:
        return _skipped("there is no discovery document to compare with")
    query, imis = reply.query(), halves.openid_connect
    wrong = [
        *([] if reply.leads_to(metadata.text("authorization_endpoint")) else ["another address"]),
        *([] if query.get("client_id") == imis.client_id else ["another client id"]),
        *([] if query.get("redirect_uri") == imis.redirect_login_url else ["another redirect URL"]),
    ]
    if wrong:
        detail = f"{seen.address} sends the browser on with {' and '.join(wrong)}"
        return Check(CHECK_ID, Status.FAILED, detail, _FIELDS, _REMEDY)
    detail = f"{seen.address} sends the browser to the provider, with this client and redirect URL"
    return Check(CHECK_ID, Status.PASSED, detail, _FIELDS)


def _skipped(detail: str) -> Check:
    return Check(CHECK_ID, Status.SKIPPED, detail, _FIELDS)
