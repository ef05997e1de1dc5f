"""Raising the mode without locking ourselves out (product facts 3.3, 3.5; contract 1.2).

Before the mode is raised the service account logs in afresh, and once more when the new mode is
proved by reading it back. If it cannot any more, the session that still lives puts the old mode
back: nobody else could.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, NoReturn

from imis_sso.domain.problems import (
    Problem,
    TransitionRefused,
    UpstreamCredentialsRefused,
    UpstreamTimeout,
)
from imis_sso.services.half import Half
from imis_sso.services.order import Draft
from imis_sso.services.pair import Pair
from imis_sso.services.perform import Ready
from imis_sso.services.put_back import put_back
from imis_sso.services.read import Reading

logger = logging.getLogger(__name__)

UNDECIDED: Final = "Whether the service account can log in afresh is tried when the mode is raised."
PUT_BACK: Final = "put-back: the service account could not log in any more"
_PROOF_SECONDS: Final = 10.0
_AGAIN: Final = "Mend the log-in, then clear the memory of it with `imis-sso login {} --retry`."


async def prove_before(pair: Pair, draft: Draft) -> None:
    """Raise unless the service account logs in afresh; nothing has been written yet."""
    try:
        await _log_in(pair.half(draft.resource), _PROOF_SECONDS)
    except Problem as problem:
        msg = (
            "The mode was not raised, because the service account cannot log in afresh and would "
            f"be locked out: {problem.detail} Nothing was written."
        )
        raise type(problem)(msg, problem.errors, retry_after=problem.retry_after) from None


async def prove_after(pair: Pair, ready: Ready, raised: Reading) -> None:
    """Have the service account log in afresh under the new mode, or put the old one back.

    Raises `UpstreamCredentialsRefused` or `TransitionRefused`, which say what became of the mode.
    """
    order = ready.draft.order
    half = pair.half(order.resource)
    left = order.deadline.remaining() - half.connector.write_seconds
    try:
        await _log_in(half, min(max(left, _PROOF_SECONDS / 2), _PROOF_SECONDS))
    except Problem as problem:
        await _put_back(pair, ready, raised, problem)


async def _log_in(half: Half, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await half.connector.prove_login()
    except TimeoutError:
        msg = f"{half.title} did not answer the log-in within {seconds:.0f} seconds."
        raise UpstreamTimeout(msg) from None


async def _put_back(pair: Pair, ready: Ready, raised: Reading, problem: Problem) -> NoReturn:
    before, now = (each.document.values()["mode"] for each in (ready.draft.live, raised))
    logger.error("no log-in at %s any more: mode of %s goes back", now, pair.name)
    said = f"The mode was raised to {now}, and then the service account could not log in afresh"
    said += f": {problem.detail}"
    try:
        # The secret that went back into a record that hides it goes back once more.
        back = await put_back(pair, ready, raised, PUT_BACK, lowering=True)
    except Problem as failure:
        done = (
            f"It could NOT be put back to {before}: {failure.detail} Set it by hand, at once: "
            'Staff site, Settings > Contacts > OpenID Connect, "OIDC authentication".'
        )
        writes = 1 + failure.upstream_writes
    else:
        said_back = f"It was put back to {before} by the session that still lives."
        done, writes = " ".join([said_back, *back.notices]), 2
    refused = isinstance(problem, UpstreamCredentialsRefused)
    kind = UpstreamCredentialsRefused if refused else TransitionRefused
    mine = kind(f"{said} {done} {_AGAIN.format(pair.name)}")
    mine.upstream_writes = writes
    raise mine from None
