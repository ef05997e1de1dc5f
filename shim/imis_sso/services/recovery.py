"""Settling writes that were interrupted: by reading the product, never by guessing (contract 7)."""

from __future__ import annotations

import logging
from dataclasses import replace

from imis_sso.domain.audit import Result
from imis_sso.domain.intents import Found, Intent, SecretMove, settle
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import Busy, Problem
from imis_sso.domain.resources import Resource, find
from imis_sso.domain.secret import ObservedSecret, Secret
from imis_sso.services.deadline import Deadline
from imis_sso.services.half import Half
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading, read
from imis_sso.services.secrets import Shown

logger = logging.getLogger(__name__)

WAIT_SECONDS = 3.0


async def recover(pair: Pair) -> None:
    """Settle what an earlier process left open, once for each environment and process.

    What had to be spooled is merged as soon as the trail can be written again.
    Whoever still holds a product's queue settles its own writes, or has died and will lose it.
    Where the product or the store cannot be reached nothing is settled, and the next request tries
    again; the request at hand goes its own way.
    """
    if _is_done(pair):
        return
    async with pair.recovery.turn:
        if _is_done(pair):
            return
        try:
            pair.recovery.done = await _recover(pair)
        except StoreUnavailable as error:
            logger.warning("open writes of %s cannot be looked up: %s", pair.name, error)


def _is_done(pair: Pair) -> bool:
    return pair.recovery.done and not pair.journal.is_waiting


async def _recover(pair: Pair) -> bool:
    await pair.journal.merge()
    intents = await pair.journal.trail.intents(pair.name)
    products = {each.product for each in intents}
    settled = [await _recover_half(pair, pair.halves[product]) for product in sorted(products)]
    return all(settled)


async def _recover_half(pair: Pair, half: Half) -> bool:
    deadline = Deadline(half.connector.write_seconds + WAIT_SECONDS)
    try:
        async with half.turn(deadline):
            await settle_open(pair, half)
    except Busy:
        return False  # its holder may be alive, or have died so lately that its lease still lasts
    except Problem as problem:
        logger.warning("open writes to %s cannot be settled yet: %s", half.title, problem.slug)
        return False
    return True


async def settle_open(pair: Pair, half: Half) -> None:
    """Settle the open intents of one product; the caller holds its queue, so they are orphans.

    Raises StoreUnavailable, and what reading the product raises.
    """
    for intent in await pair.journal.trail.intents(pair.name):
        resource = find(intent.resource)
        if intent.product == half.product and resource is not None:
            await _settle(pair, resource, intent)


async def _settle(pair: Pair, resource: Resource, intent: Intent) -> None:
    now = await read(pair, resource, afresh=True)
    if now.observed.confirmed and intent.by != now.observed.by:
        # What a person confirmed says nothing of a write that another connector had begun.
        logger.warning("write %s stays open: nobody reads %s now", intent.id, intent.resource)
        return
    renewed = _renewed(pair, intent, now.observed.secret)
    result = settle(renewed, _found(pair, now))
    await _remember(pair, resource, renewed, result)
    await pair.journal.settled(intent, result, now)
    logger.warning(
        "settled write %s environment=%s resource=%s by=%s: %s",
        intent.id,
        pair.name,
        intent.resource,
        intent.who,
        result,
    )


def _renewed(pair: Pair, intent: Intent, secret: ObservedSecret) -> Intent:
    """Give the versions by the server key where an older one made them (contract C25)."""
    move = intent.secret
    if move is None:
        return intent
    applied = replace(move.applied, version=pair.secrets.renewed(move.applied.version, secret))
    return replace(intent, secret=SecretMove(pair.secrets.renewed(move.before, secret), applied))


def _found(pair: Pair, now: Reading) -> Found:
    secret = now.observed.secret
    version = pair.secrets.version(secret) if isinstance(secret, Secret) else None
    return Found(now.document.values(), version, now.observed.exists)


async def _remember(pair: Pair, resource: Resource, intent: Intent, result: Result) -> None:
    if intent.secret is not None:
        if result is Result.APPLIED:
            applied = intent.secret.applied
            await pair.secrets.remember(Shown(applied.ref, applied.version), resource)
        elif result is not Result.NOT_APPLIED:
            await pair.secrets.forget(resource)
    if result is Result.APPLIED:
        await pair.managed.wrote(pair.name, intent.resource, intent.who, intent.found)
