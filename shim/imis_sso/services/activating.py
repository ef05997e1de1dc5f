"""The gate before the mode is raised (contract 1.2)."""

from __future__ import annotations

from imis_sso.domain.activation import Transition
from imis_sso.domain.checks import Verification
from imis_sso.domain.problems import TransitionRefused, VerificationFailed
from imis_sso.domain.violations import sentence
from imis_sso.services.gates import Passage, move
from imis_sso.services.order import Draft
from imis_sso.services.pair import Pair
from imis_sso.services.proof import NOTHING_PROVED, objections
from imis_sso.services.verify import verify


async def activation(pair: Pair, draft: Draft) -> Passage:
    """Guard raising the mode: from test mode to enabled the pair must verify now, actively.

    Raises `TransitionRefused`, `VerificationFailed`, and what verifying raises.
    """
    step = move(draft)
    if step in (Transition.SAME, Transition.LOWER):
        return Passage()
    if not draft.live.observed.exists:
        msg = "iMIS has no OpenID Connect record yet; write imis/openid-connect first."
        raise TransitionRefused(msg)
    if step is Transition.TO_TEST:
        return Passage()
    skips = step is Transition.SKIPS_TEST
    if draft.order.force:
        overridden = TransitionRefused if skips else VerificationFailed
        return Passage(forced=(overridden.slug,))
    if skips:
        msg = "The mode goes from disabled to test_mode first, and to enabled after verification."
        raise TransitionRefused(msg)
    found = await verify(pair, active=draft.order.active)
    await require_proof(pair, found)
    return Passage(looked=True, undecided=found.undecided)


async def require_proof(pair: Pair, found: Verification) -> None:
    """Raise `VerificationFailed`, naming each check in the way, unless the pair is proved (1.2)."""
    errors = await objections(pair, found)
    if not errors:
        return
    if [each.detail for each in errors] == [NOTHING_PROVED]:
        msg = f"The pair is not verified: {NOTHING_PROVED}."
        raise VerificationFailed(msg, errors)
    msg = f"The pair does not verify, so external sign-in is not enabled: {sentence(errors)}"
    raise VerificationFailed(msg.replace("..", "."), errors)
