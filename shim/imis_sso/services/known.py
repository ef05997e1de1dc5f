"""What a verification takes from the store and gives back to it (contract section 6).

Verification goes on without a store: what cannot be looked up is unknown, what cannot be kept is
logged.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from imis_sso.domain.checks import Check, Verification
from imis_sso.domain.crossing import Sighting, sighting
from imis_sso.domain.hosts import origin_of
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.mode_age import TEST_MODE
from imis_sso.domain.resources import OIDC_AUTHENTICATION
from imis_sso.domain.snapshots import Cause
from imis_sso.domain.verdicts import Halves

if TYPE_CHECKING:
    from imis_sso.services.pair import Pair

logger = logging.getLogger(__name__)
T = TypeVar("T")


async def proved(pair: Pair, digest: str) -> Sequence[Check]:
    """Give what the last active probes found with exactly these settings."""
    return await _known(pair.evidences.proof(pair.name, digest), ())


async def remember(pair: Pair, verification: Verification, found: Sequence[Check] | None) -> None:
    """Keep a verdict, and what active probes found where there were any."""
    evidences, digest = pair.evidences, verification.digest
    await _known(evidences.remember_verification(pair.name, digest, verification), None)
    if found is not None:
        await _known(evidences.remember_proof(pair.name, digest, found), None)


async def others(pair: Pair) -> Sequence[Sighting]:
    """Give what is the other environments' own, as last known; their iMIS is in the registry."""
    seen = {each.environment: each for each in await _known(pair.evidences.sightings(), ())}
    own = _redirect(pair.imis_url)
    return [
        replace(
            seen.get(name, Sighting(name)),
            # Two sites of one host: its base address is nobody's alone.
            redirect="" if _redirect(url) == own else _redirect(url),
        )
        for name, url in sorted(pair.neighbours.items())
    ]


async def see(pair: Pair, halves: Halves, mark: str) -> None:
    """Keep what is this environment's own; `mark` is the fingerprint of the secret shown."""
    seen = sighting(pair.name, halves, "", mark)
    if seen not in await _known(pair.evidences.sightings(), ()):
        await _known(pair.evidences.see(seen), None)


async def test_mode_since(pair: Pair) -> datetime | None:
    """Give when test mode was last seen to begin, None where nobody saw it."""
    path = OIDC_AUTHENTICATION.path
    last = await _known(pair.history.last(pair.name, path, tuple(Cause)), None)
    if last is None:
        return None
    snapshot = await _known(pair.history.snapshot(pair.name, last.snapshot), None)
    mode = {} if snapshot is None else snapshot.documents.get(path, {})
    return last.at if mode.get("mode") == TEST_MODE else None


def _redirect(imis_url: str) -> str:
    return f"{origin_of(imis_url)}/"


async def _known(asked: Awaitable[T], otherwise: T) -> T:
    try:
        return await asked
    except StoreUnavailable as error:
        logger.warning("verifying without the store: %s", error)
        return otherwise
