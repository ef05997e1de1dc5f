"""The one write path (contract section 7)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TypeVar

from imis_sso.domain.activation import Transition
from imis_sso.domain.difference import difference
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import (
    Busy,
    SecretUnavailable,
    SecretVersionChanged,
)
from imis_sso.domain.resources import SecretRole, secret_document
from imis_sso.domain.secret import Secret
from imis_sso.services import gates, items
from imis_sso.services.activating import activation
from imis_sso.services.confirmed import confirmed
from imis_sso.services.draft import draft as drafted
from imis_sso.services.guarded import passed_by
from imis_sso.services.half import Half
from imis_sso.services.live_edits import live_edit, prove_edit, seconds_after
from imis_sso.services.order import Draft, Order, Outcome
from imis_sso.services.pair import Pair
from imis_sso.services.perform import NOT_REMEMBERED, Ready, perform
from imis_sso.services.proven import proven
from imis_sso.services.raising import UNDECIDED, prove_after, prove_before
from imis_sso.services.read import Reading, compose, read
from imis_sso.services.recovery import settle_open

logger = logging.getLogger(__name__)
T = TypeVar("T")

PUSH_AGAIN = (
    "iMIS does not give its client secret back and no source for it could be used, so the record "
    "was written without it: push the secret again before raising the mode."
)


async def write(pair: Pair, order: Order) -> Outcome:
    """Bring a document to the declared state and prove it by reading it back.

    Raises the problems of contract section 4; unless one says otherwise, nothing was written.
    """
    half = pair.half(order.resource)
    if order.dry_run:
        return await _preview(pair, order)
    async with AsyncExitStack() as turns:
        turns.enter_context(passed_by(order))
        for each in (half, *gates.also_held(pair, order)):
            turn = each.turn(order.deadline, without_store=gates.may_lower(order))
            await turns.enter_async_context(turn)
        ready = await _in_time(half, order, partial(_prepare, pair, order))
        if not ready.draft.writes:
            return await _unchanged(pair, ready.draft)
        order.deadline.room_before(half.connector.write_seconds + seconds_after(ready))
        reading, notices = await perform(pair, ready)
        _log(pair, ready)
        if gates.raises(ready.draft):
            await prove_after(pair, ready, reading)
        told = await prove_edit(pair, ready, reading)
        await _tidy(pair)
        changes = difference(ready.draft.live.document, reading.document)
        return Outcome(reading, 1, changes, (), (), (*ready.notices, *notices, *told))


async def _tidy(pair: Pair) -> None:
    """Drop what the retention policy keeps no longer, now and then; a write never fails by it."""
    try:
        await pair.history.prune(pair.name)
    except StoreUnavailable as error:
        logger.warning("the history of %s cannot be tidied: %s", pair.name, error)


def _log(pair: Pair, ready: Ready) -> None:
    draft = ready.draft
    logger.log(
        logging.WARNING if ready.forced else logging.INFO,
        "wrote environment=%s resource=%s fields=%s by=%s forced=%s",
        pair.name,
        draft.resource.path,
        ",".join(sorted(draft.changed)) or "client_secret",
        draft.order.who,
        ",".join(ready.forced) or "-",
    )


async def _in_time(half: Half, order: Order, work: Callable[[], Awaitable[T]]) -> T:
    """Do what comes before the write while there is still room for the write itself (C33)."""
    try:
        async with asyncio.timeout(order.deadline.room_before(half.connector.write_seconds)):
            return await work()
    except TimeoutError:
        msg = f"{half.title} answered too slowly to finish a write in time; nothing was written."
        raise Busy(msg) from None


async def _preview(pair: Pair, order: Order) -> Outcome:
    """Meet every gate as the write would, and write nothing (contract C15)."""
    live = items.required(pair, order, await read(pair, order.resource))
    draft = await drafted(pair, order, live)
    await items.require_possible(pair, draft)
    reported: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    if draft.writes:
        gates.precondition(draft)
        reported = (*gates.observe_only(pair, order), *gates.by_hand(draft))
        passage = await _gates(pair, draft)
        await _kept(pair, draft)
        undecided = (*passage.undecided, *((UNDECIDED,) if gates.raises(draft) else ()))
    preview = Reading(order.resource, draft.live.observed, draft.wanted, draft.live.unreachable)
    return Outcome(preview, 0, difference(draft.live.document, draft.wanted), reported, undecided)


async def _prepare(pair: Pair, order: Order) -> Ready:
    await _settle_open(pair, order)
    live = items.required(pair, order, await read(pair, order.resource, afresh=True))
    draft = await drafted(pair, order, live)
    await items.require_possible(pair, draft)
    if order.only_lowers and gates.move(draft) is not Transition.LOWER:
        return Ready(replace(draft, wanted=draft.live.document))
    if not draft.writes:
        return Ready(draft)
    gates.precondition(draft)
    gates.observe_only(pair, order)
    passage = await _gates(pair, draft)
    kept, notices = await _kept(pair, draft)
    lowering = gates.move(draft) is Transition.LOWER  # nothing more may stop it (contract 1.2)
    raising = gates.raises(draft)
    if raising:
        await prove_before(pair, draft)
    if not lowering and (passage.looked or raising or kept is not None or draft.push.resolved):
        draft = await confirmed(pair, draft)
    await gates.held(pair, draft)  # an emergency may have come meanwhile
    return Ready(draft, kept, notices, passage.forced, lowering=lowering, before=passage.before)


async def _settle_open(pair: Pair, order: Order) -> None:
    """Take in what was spooled, and settle what a writer left open that died in its turn."""
    try:
        await pair.journal.merge()
        await settle_open(pair, pair.half(order.resource))
    except StoreUnavailable as error:
        # What cannot be done without the trail is refused where it would reach the product.
        logger.warning("open writes of %s cannot be looked up: %s", pair.name, error)


async def _gates(pair: Pair, draft: Draft) -> gates.Passage:
    await gates.held(pair, draft)
    await gates.right_tenant(pair, draft)
    passage = items.protected(draft) | await proven(pair, draft)
    passage |= await activation(pair, draft)
    return passage | await live_edit(pair, draft)


async def _kept(pair: Pair, draft: Draft) -> tuple[Secret | None, tuple[str, ...]]:
    """Find the secret that must go back into a record which hides it (product facts 3.5)."""
    observed = draft.live.observed
    untouched = (
        draft.resource.record.secret is not SecretRole.SETTABLE or draft.push.secret is not None
    )
    # A person leaves the secret's field alone: nothing has to go back into the record.
    untouched = untouched or observed.confirmed
    if untouched or not observed.exists or isinstance(observed.secret, Secret):
        return None, ()
    if draft.order.removes or pair.policy.keeps_unread(draft.resource.product):
        return None, ()
    if draft.push.held is not None:
        return draft.push.held, ()
    careful = draft.order.restoring is not None and draft.order.restoring.careful
    lowering = gates.move(draft) is Transition.LOWER and not careful
    try:
        return await pair.secrets.to_keep(secret_document(draft.resource), lowering=lowering), ()
    except (SecretUnavailable, SecretVersionChanged, StoreUnavailable):
        if not lowering:
            raise
        return None, (PUSH_AGAIN,)


async def _unchanged(pair: Pair, draft: Draft) -> Outcome:
    """Answer a write that finds everything as declared; at most a name is remembered (C2, C23)."""
    reading = draft.live
    notices: tuple[str, ...] = ()
    if draft.push.record is not None:
        await pair.secrets.remember(draft.push.record, draft.resource)
        reading = await compose(pair, draft.resource, draft.live.observed)
    try:
        await _adopt(pair, draft)
    except StoreUnavailable:
        if not gates.may_lower(draft.order):
            raise
        notices = (NOT_REMEMBERED,)
    changes = difference(draft.live.document, reading.document)
    return Outcome(reading, 0, changes, notices=notices)


async def _adopt(pair: Pair, draft: Draft) -> None:
    if draft.order.only_lowers or draft.order.removes:
        return
    if await pair.managed.current(pair.name, draft.resource.path) is None:
        # Whoever declares what is already there manages it from now on (contract C5).
        found = await pair.journal.adopted(draft.order, draft.live)
        await pair.managed.wrote(pair.name, draft.resource.path, draft.order.who, found)
