"""What a verification must have shown before people depend on a pair (contract 1.2).

No check failed and one passed at least; and where an active check could prove nothing, or the
environment asks for it anyway, a person has signed in with exactly these settings.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from imis_sso.domain.attestation import ATTESTED, unproved
from imis_sso.domain.checks import Check, Status, Verification
from imis_sso.domain.problems import FieldError
from imis_sso.services import attested
from imis_sso.services.pair import Pair

NOTHING_PROVED: Final = "no check could be made, so nothing is proved"


async def objections(
    pair: Pair, found: Verification, *, beyond: Collection[str] = ()
) -> list[FieldError]:
    """Give what speaks against a pair, by check; empty where nothing does.

    `beyond` are checks that cannot be made yet. Raises StoreUnavailable.
    """
    failed = [failure(each) for each in found.failures() if each.id not in beyond]
    proofs = {each.id for each in found.checks if each.status is Status.PASSED} - {ATTESTED}
    if not failed and not proofs:
        return [FieldError("verification", NOTHING_PROVED)]
    unsure = [each for each in unproved(found) if each.id not in beyond]
    if failed or not (unsure or pair.policy.require_attestation):
        return failed
    attestation = await attested.check(pair, found.digest)
    if attestation.status is Status.PASSED:
        return []
    said = failure if attestation.status is Status.FAILED else _proves_nothing
    return [*map(_proves_nothing, unsure), said(attestation)]


def failure(check: Check) -> FieldError:
    """Say that a check failed, and what to do about it."""
    detail = f"failed: {check.detail}. {check.remedy}".rstrip()
    return FieldError(check.id, detail.replace("..", "."))


def _proves_nothing(check: Check) -> FieldError:
    return FieldError(check.id, f"proves nothing: {check.detail}.".replace("..", "."))


def verdict(found: Verification) -> str:
    """Put a verification into one sentence, for an error that carries it."""
    failed = ", ".join(each.id for each in found.failures())
    said = "passed" if found.passed else f"failed: {failed}" if failed else NOTHING_PROVED
    return f"{said} ({found.proof} proof)"
