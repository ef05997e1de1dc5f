"""A sign-in that a person made in a watched browser, and what it proves (contract 1.2, 6). Pure."""

from __future__ import annotations

import enum
from typing import Any, Final

from imis_sso.domain.audit import moment
from imis_sso.domain.checks import Check, Status, Verification, is_active
from imis_sso.domain.verified import Attestation

ATTESTED: Final = "sign-in.attested"
REMEDY: Final = (
    "Sign in with `imis-sso attest-sign-in {}` while the mode is test_mode, and raise the mode "
    "without changing anything."
)


class SignIn(enum.StrEnum):
    """How a watched sign-in ended, as it was seen in iMIS."""

    SIGNED_IN = "signed-in"
    NOT_SIGNED_IN = "not-signed-in"


def proves(attestation: Attestation) -> bool:
    """Tell whether somebody was signed in."""
    return attestation.outcome == SignIn.SIGNED_IN


def as_dict(attestation: Attestation) -> dict[str, Any]:
    """Give the entry of an answer, and the facts of the trail."""
    return {
        "at": moment(attestation.at),
        "client_id": attestation.client_id,
        "digest": attestation.digest,
        "outcome": attestation.outcome,
        "redirect_url": attestation.redirect_url,
        "who": attestation.who,
    }


def judge_attested(environment: str, found: Attestation | None) -> Check:
    """Judge the newest sign-in that was attested for exactly the settings at hand (section 6)."""
    remedy = REMEDY.format(environment)
    if found is None:
        detail = "nobody has attested a sign-in for exactly these settings"
        return Check(ATTESTED, Status.FAILED, detail, (), remedy)
    if not proves(found):
        detail = f"{found.who} was not signed in with exactly these settings"
        return Check(ATTESTED, Status.FAILED, detail, (), remedy)
    detail = f"{found.who} attested a sign-in for exactly these settings"
    return Check(ATTESTED, Status.PASSED, detail, ())


def unproved(found: Verification) -> tuple[Check, ...]:
    """Give the active checks that were made and proved nothing (contract 1.2)."""
    if found.proof == "passive":
        return ()
    return tuple(
        each for each in found.checks if is_active(each.id) and each.status is Status.SKIPPED
    )
