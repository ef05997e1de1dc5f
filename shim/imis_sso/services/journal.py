"""What a write says on the audit trail, before and after it reaches a product (contract 7).

No trail, no write: an intent that cannot be recorded stops a write. Lowering the mode is the one
exception (contract 1.2): then a signed file, the spool, takes the trail's place until it can be
merged.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from imis_sso.domain.audit import Entry, Kind, Line, Result, Selection
from imis_sso.domain.intents import Intent, SecretMove
from imis_sso.domain.ledger import AppliedSecret, StoreUnavailable
from imis_sso.domain.problems import AuditUnavailable, Problem
from imis_sso.domain.snapshots import Cause, State, content_of
from imis_sso.services.order import Draft, Order
from imis_sso.services.read import Reading
from imis_sso.store.base import Spool, Trail

logger = logging.getLogger(__name__)

NOT_RECORDED = (
    "The outcome could not be put on the audit trail: its intent stands there, and is settled by "
    "reading the product when the trail can be written again."
)
SPOOLED = (
    "The audit trail cannot be written, so this is recorded in the signed spool and merged later."
)


@dataclass(frozen=True)
class Begun:
    """A write whose intent is on record: on the trail, or (`spooled`) in the spool."""

    intent: Intent
    entry: Entry
    spooled: bool = False


class Journal:
    """The trail of one environment, as writes use it."""

    def __init__(self, environment: str, trail: Trail, spool: Spool) -> None:
        self._environment, self.trail, self._spool = environment, trail, spool

    async def begin(self, draft: Draft, forced: Sequence[str], *, lowering: bool) -> Begun:
        """Record that a write is about to reach the product.

        Raises AuditUnavailable where that cannot be recorded; when the mode is lowered the spool
        takes the trail's place.
        """
        intent = _intent(self._environment, draft)
        entry = Entry(
            self._environment,
            Kind.INTENT,
            intent.who,
            intent.resource,
            intent.id,
            intent.origin,
            _facts(draft, forced),
        )
        try:
            found = await self.trail.open(entry, intent, _state(draft.live, Cause.FOUND))
        except StoreUnavailable as error:
            if not lowering:
                msg = f"The audit trail cannot be written ({error}); nothing was written."
                raise AuditUnavailable(msg) from None
            self._spool_or_log(entry)
            return Begun(intent, entry, spooled=True)
        return Begun(replace(intent, found=found), entry)

    async def applied(self, begun: Begun, after: Reading) -> tuple[str, ...]:
        """Record that a write was proved by reading it back; gives what to tell the caller."""
        facts = {"result": Result.APPLIED.value, "after": after.etag}
        return await self._end(begun, facts, [_state(after, Cause.WRITTEN)])

    async def failed(self, begun: Begun, problem: Problem, after: Reading | None) -> None:
        """Record what a write that failed came to.

        One whose outcome is not known leaves its intent open: it is settled by reading. `after` is
        what was read back, None where nothing was.
        """
        if problem.upstream_writes and after is None:
            logger.warning("write %s has no known outcome yet", begun.intent.id)
            return
        result = Result.DIFFERS if problem.upstream_writes else Result.NOT_APPLIED
        facts: dict[str, Any] = {"result": result.value, "problem": problem.slug}
        states = [] if after is None else [_state(after, Cause.FOUND)]
        await self._end(begun, facts, states)

    async def settled(self, intent: Intent, result: Result, now: Reading) -> None:
        """Record what an interrupted write came to, as reading the product tells."""
        entry = Entry(
            self._environment, Kind.OUTCOME, intent.who, intent.resource, intent.id, intent.origin
        )
        cause = Cause.SETTLED if result is Result.APPLIED else Cause.FOUND
        facts = {"result": result.value, "settled": True, "after": now.etag}
        await self.trail.close(replace(entry, facts=facts), [_state(now, cause)])

    async def adopted(self, order: Order, found: Reading) -> str | None:
        """Record that a document is managed from now on; gives the snapshot of what was found."""
        entry = Entry(
            self._environment,
            Kind.ADOPTED,
            order.who,
            order.resource.path,
            origin=order.origin,
            facts={"found": found.etag},
        )
        names = await self.trail.append(entry, [_state(found, Cause.FOUND)])
        return names[0] if names else None

    async def lines(self, selection: Selection, limit: int) -> Sequence[Line]:
        """Give selected lines of the trail. Raises StoreUnavailable."""
        return await self.trail.find(self._environment, selection, limit)

    async def merge(self) -> None:
        """Take what was spooled into the trail, each line once. Raises StoreUnavailable."""
        pending = self._spool.pending(self._environment)
        for each in pending:
            if not await self.trail.has(self._environment, Kind.SPOOLED, each.name):
                await self.trail.append(each.merged())
        if pending:
            self._spool.clear(self._environment, pending[-1].number)
            logger.info("merged %d spooled lines of %s", len(pending), self._environment)

    async def _end(
        self, begun: Begun, facts: Mapping[str, Any], states: Sequence[State]
    ) -> tuple[str, ...]:
        entry = replace(begun.entry, kind=Kind.OUTCOME, facts=facts)
        if begun.spooled:
            self._spool_or_log(entry)
            return (SPOOLED,)
        try:
            await self.trail.close(entry, states)
        except StoreUnavailable as error:
            logger.warning("the outcome of %s cannot be recorded: %s", begun.intent.id, error)
            return (NOT_RECORDED,)
        return ()

    def _spool_or_log(self, entry: Entry) -> None:
        try:
            self._spool.add(entry)
        except StoreUnavailable as error:
            # Nothing may stop lowering (contract 1.2); the log is all that is left.
            logger.critical(
                "neither trail nor spool can be written (%s): %s %s by %s: %s",
                error,
                entry.kind,
                entry.resource,
                entry.who,
                dict(entry.facts),
            )


def _intent(environment: str, draft: Draft) -> Intent:
    order, changed = draft.order, draft.changed
    live = draft.live.document.values()
    return Intent(
        id=uuid.uuid4().hex,
        environment=environment,
        product=order.resource.product,
        resource=order.resource.path,
        at=datetime.now(UTC),
        who=order.who,
        before={path: live[path] for path in changed},
        after=changed,
        existed=draft.live.observed.exists,
        secret=_move(draft),
        origin=order.origin,
    )


def _move(draft: Draft) -> SecretMove | None:
    record = draft.push.record
    if draft.push.secret is None or record is None:
        return None
    return SecretMove(draft.live.shown.version, AppliedSecret(record.ref, record.version))


def _facts(draft: Draft, forced: Sequence[str]) -> dict[str, Any]:
    move = _move(draft)
    facts: dict[str, Any] = {
        "before": draft.live.etag,
        "fields": sorted(draft.changed),
        "forced": list(forced),
    }
    if move is not None:
        facts["secret"] = {"before": move.before, "after": move.applied.version}
        facts["secret_ref"] = move.applied.ref
    return facts


def _state(reading: Reading, cause: Cause) -> State:
    content = content_of(reading.document, reading.unreachable)
    return State(reading.resource.path, content, cause)
