"""In an emergency: what is broken, within seconds, and down with the mode (contract 1.2).

Every look has its own few seconds and none waits for another without need, so that a product that
does not answer costs no more than its own share of the twenty seconds there are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

from imis_sso.domain.access import Origin
from imis_sso.domain.discovered import Discovered
from imis_sso.domain.emergency import Evidence, Report, judged, manual_step
from imis_sso.domain.holds import Hold
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Observed
from imis_sso.domain.problems import AuditUnavailable, Problem, UpstreamTimeout
from imis_sso.domain.resources import IMIS_CLIENT, OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.domain.verdicts import Check, Verification, judge
from imis_sso.services.deadline import Deadline
from imis_sso.services.half import Half
from imis_sso.services.holding import STORE_SECONDS
from imis_sso.services.order import Order
from imis_sso.services.pair import Pair
from imis_sso.services.read import halves_of
from imis_sso.services.write import write

logger = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_SECONDS: Final = 5.0
DASHBOARD_SECONDS: Final = 14.0
"""A browser may have to start first; it runs beside everything else."""
LOWER_SECONDS: Final = 32.0
STORE_GONE: Final = (
    "The service's own store cannot be used ({}): whether a hold stands is not known."
)

Lowered = Literal["not-asked", "lowered", "already", "failed"]


async def report(pair: Pair) -> Report:
    """Look at everything and judge it. Raises nothing: what fails is what the report is about."""
    (hold, notices), evidence = await asyncio.gather(_hold(pair), _evidence(pair))
    checks = judged(evidence, datetime.now(UTC))
    return Report(pair.name, evidence.mode, hold, checks, notices)


@dataclass(frozen=True)
class Pulled:
    """What pulling the brake came to: `outcome` of the mode, and the hold."""

    environment: str
    outcome: Lowered
    mode: str | None
    hold: Hold | None
    detail: str = ""
    manual_step: str | None = None
    writes: int = 0
    notices: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the answer."""
        return {
            "environment": self.environment,
            "outcome": self.outcome,
            "mode": self.mode or "unknown",
            "hold": self.hold and self.hold.as_dict(),
            "detail": self.detail,
            "manual_step": self.manual_step,
            "notices": list(self.notices),
        }


@dataclass(frozen=True)
class Caller:
    """Who pulls the brake, from where and why."""

    who: str
    reason: str
    origin: Origin


async def pull(pair: Pair, caller: Caller, *, mode: str | None, hold: bool) -> Pulled:
    """Set the hold and lower the mode, if it is higher than `mode` (None: leave it).

    The hold stands also where the mode could not be lowered: then `manual_step` says what a person
    does. Nothing of Cloud SSO is read. Raises nothing.
    """
    # The hold first: whoever is raising the mode right now meets it, or is lowered again after.
    held, notices = await _set(pair, caller) if hold else (None, ())
    if mode is None:
        return Pulled(pair.name, "not-asked", None, held, notices=notices)
    order = Order(
        OIDC_AUTHENTICATION,
        {"mode": mode},
        caller.who,
        caller.origin,
        only_lowers=True,
        deadline=Deadline(LOWER_SECONDS),
    )
    try:
        outcome = await write(pair, order)
    except (Problem, StoreUnavailable) as error:
        detail = error.detail if isinstance(error, Problem) else f"The store failed: {error}."
        logger.error("emergency: mode of %s not lowered: %s", pair.name, detail)  # noqa: TRY400
        writes = error.upstream_writes if isinstance(error, Problem) else 0
        step = manual_step(pair.imis_url, mode)
        return Pulled(pair.name, "failed", None, held, detail, step, writes, notices)
    now = str(outcome.reading.document.values()["mode"])
    done: Lowered = "lowered" if outcome.writes else "already"
    told = (*notices, *outcome.notices)
    return Pulled(pair.name, done, now, held, writes=outcome.writes, notices=told)


async def release_hold(pair: Pair, caller: Caller) -> Hold | None:
    """Release the hold, and give it; None where none stood. Raises `AuditUnavailable`."""
    try:
        await pair.journal.merge()
    except StoreUnavailable as error:
        msg = f"The store cannot be used ({error}), so the hold cannot be released."
        raise AuditUnavailable(msg) from None
    return await pair.journal.holding.release(caller.who, caller.reason, caller.origin)


async def _set(pair: Pair, caller: Caller) -> tuple[Hold, tuple[str, ...]]:
    return await pair.journal.holding.set(caller.who, caller.reason, caller.origin)


async def _hold(pair: Pair) -> tuple[Hold | None, tuple[str, ...]]:
    try:
        async with asyncio.timeout(STORE_SECONDS):
            return await pair.journal.holding.current(), ()
    except StoreUnavailable as error:
        return None, (STORE_GONE.format(error),)
    except TimeoutError:
        return None, (STORE_GONE.format("it does not answer"),)


async def _evidence(pair: Pair) -> Evidence:
    dashboard = asyncio.create_task(
        _look(
            pair.half(IMIS_CLIENT), pair.half(IMIS_CLIENT).observe(IMIS_CLIENT), DASHBOARD_SECONDS
        )
    )
    expiry = asyncio.create_task(pair.expiry.check())
    log_in, record, imis = await _imis(pair)
    values = {} if imis is None or not imis.exists else imis.values
    known, known_from = str(values.get("well_known_url", "")), ""
    if imis is None:
        known, known_from = await _last_known(pair), " (as last seen in iMIS)"
    discovered = await _discovered(pair, known)
    refused, cloud_sso = await dashboard
    return Evidence(
        log_in=log_in,
        record=record,
        dashboard=refused,
        mode=None if imis is None else str(imis.values.get("mode", "disabled")),
        issuer=None if imis is None else str(values.get("authority_url", "")),
        discovered=discovered,
        known_from=known_from,
        verification=await _verified(pair, imis, cloud_sso, await expiry),
    )


async def _imis(pair: Pair) -> tuple[Problem | None, Problem | None, Observed | None]:
    half = pair.half(OPENID_CONNECT)
    log_in, _ = await _look(half, half.connector.prove_login(), LOOK_SECONDS)
    record, imis = await _look(half, half.observe(OPENID_CONNECT), LOOK_SECONDS)
    return log_in, record, imis


async def _look(half: Half, work: Awaitable[T], seconds: float) -> tuple[Problem | None, T | None]:
    try:
        async with asyncio.timeout(seconds):
            return None, await work
    except Problem as problem:
        return problem, None
    except StoreUnavailable as error:
        return AuditUnavailable(f"The service's own store failed: {error}."), None
    except TimeoutError:
        msg = f"{half.title} did not answer within {seconds:.0f} seconds."
        return UpstreamTimeout(msg), None


async def _discovered(pair: Pair, address: str) -> Discovered | None:
    if not address or pair.discovery is None:
        return None
    return await pair.discovery.look(address)


async def _last_known(pair: Pair) -> str:
    """Give the discovery address that iMIS held when it was seen last, `""` if it never was."""
    try:
        async with asyncio.timeout(STORE_SECONDS):
            last = await pair.history.latest(pair.name)
    except (StoreUnavailable, TimeoutError):
        return ""
    document = {} if last is None else last.documents.get(OPENID_CONNECT.path, {})
    return str(document.get("well_known_url", ""))


async def _verified(
    pair: Pair, imis: Observed | None, cloud_sso: Observed | None, expiry: Check
) -> Verification | None:
    if imis is None or cloud_sso is None:
        return None
    try:
        return judge(await halves_of(pair, imis, cloud_sso), expiry, pins=pair.policy.pins)
    except StoreUnavailable:
        return None
