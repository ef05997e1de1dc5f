"""Verifying a pair: both products are read live and compared (contract section 6)."""

from __future__ import annotations

from imis_sso.domain.verdicts import Verification, judge
from imis_sso.services.pair import Pair
from imis_sso.services.read import read_halves


async def verify(pair: Pair) -> Verification:
    """Judge whether the two halves agree. Raises what reading either product raises."""
    return judge(await read_halves(pair))
