"""Verifying a pair: both products are read live and compared (contract section 6)."""

from __future__ import annotations

import asyncio

from imis_sso.domain.verdicts import Verification, judge
from imis_sso.services.pair import Pair
from imis_sso.services.read import read_halves


async def verify(pair: Pair) -> Verification:
    """Judge whether the two halves agree, and what is about to expire.

    Raises what reading either product raises.
    """
    expiry = asyncio.create_task(pair.expiry.check())
    try:
        return judge(await read_halves(pair), await expiry)
    finally:
        expiry.cancel()
