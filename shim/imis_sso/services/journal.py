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

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Entry, Kind, Line, Result, Selection
from imis_sso.domain.intents import Intent, SecretMove
from imis_sso.domain.ledger import AppliedSecret, StoreUnavailable
from imis_sso.domain.problems import AuditUnavailable, Problem
from imis_sso.domain.resources import RESOURCES, Resource
from imis_sso.domain.snapshots import Cause, Content, Snapshot, State, content_of
from imis_sso.services.holding import Holding
from imis_sso.services.order import Draft, Order
from imis_sso.services.read import Reading
from imis_sso.store.base import Holds, Spool, Trail

logger = logging.getLogger(__name__)

NOT_RECORDED = (
    "The outcome could not be put on the audit trail: its intent stands there, and is settled by "
    "reading the product when the trail can be written again."
)
SPOOLED = (
    "The audit trail cannot be written, so this is recorded in the signed spool and merged later."
)

ONLY_LOGGED = (
    "Neither the audit trail nor the signed spool can be written: only the log knows of this write."
)


@dataclass(frozen=True)
class Begun:
    """A write whose intent is on record: on the trail, or (`spooled`) in the spool."""

    intent: Intent
    entry: Entry
    spooled: bool = False


class Journal:
    """The trail of one environment, as writes use it."""

    def __init__(self, environment: str, trail: Trail, spool: Spool, holds: Holds) -> None:
        self._environment, self.trail, self._spool = environment, trail, spool
        self.holding = Holding(environment, holds, spool)

    async def begin(
        self,
        draft: Draft,
        forced: Sequence[str],
        *,
        lowering: bool,
        more: Mapping[str, Any] | None = None,
    ) -> Begun:
        """Record that a write is about to reach the product; `more` are facts of its own.

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
            _facts(draft, forced) | dict(more or {}),
        )
        try:
            found = await self.trail.open(entry, intent, _states(draft.live, Cause.FOUND))
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
        cause = Cause.RESTORED if "restores" in begun.entry.facts else Cause.WRITTEN
        return await self._end(begun, facts, _states(after, cause))

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
        states = () if after is None else _states(after, Cause.FOUND)
        await self._end(begun, facts, states)

    async def settled(self, intent: Intent, result: Result, now: Reading) -> None:
        """Record what an interrupted write came to, as reading the product tells."""
        entry = Entry(
            self._environment, Kind.OUTCOME, intent.who, intent.resource, intent.id, intent.origin
        )
        cause = Cause.SETTLED if result is Result.APPLIED else Cause.FOUND
        facts = {"result": result.value, "settled": True, "after": now.etag}
        await self.trail.close(replace(entry, facts=facts), _states(now, cause))

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
        return (await self.trail.append(entry, _states(found, Cause.FOUND)))[-1]

    async def restoring(
        self, who: str, origin: Origin, snapshot: Snapshot, found: Sequence[Reading]
    ) -> str:
        """Record that a restore begins; gives the snapshot of what all its documents were before.

        Raises StoreUnavailable.
        """
        paths = [each.resource.path for each in found]
        entry = Entry(
            self._environment,
            Kind.RESTORE,
            who,
            origin=origin,
            facts={"snapshot": snapshot.id, "resources": paths},
        )
        states = [state for each in found for state in _states(each, Cause.FOUND)]
        return (await self.trail.append(entry, states))[-1]

    async def lines(self, selection: Selection, limit: int) -> Sequence[Line]:
        """Give selected lines of the trail. Raises StoreUnavailable."""
        return await self.trail.find(self._environment, selection, limit)

    @property
    def is_waiting(self) -> bool:
        """Whether something lies in the spool, by this process or another."""
        return self._spool.holds_any(self._environment)

    async def merge(self) -> None:
        """Take what was spooled into the trail, each line once, and holds into the store.

        Raises StoreUnavailable.
        """
        if not self.is_waiting:
            return
        pending = self._spool.pending(self._environment)
        for each in pending:
            if await self.trail.has(self._environment, Kind.SPOOLED, each.name):
                continue
            if not await self.holding.take(each):
                await self.trail.append_once(each.merged())
        self._spool.clear(self._environment, pending)
        logger.info("merged %d spooled lines of %s", len(pending), self._environment)

    async def _end(
        self, begun: Begun, facts: Mapping[str, Any], states: Sequence[State]
    ) -> tuple[str, ...]:
        entry = replace(begun.entry, kind=Kind.OUTCOME, facts=facts)
        if begun.spooled:
            return (SPOOLED if self._spool_or_log(entry) else ONLY_LOGGED,)
        try:
            await self.trail.close(entry, states)
        except StoreUnavailable as error:
            logger.warning("the outcome of %s cannot be recorded: %s", begun.intent.id, error)
            return (NOT_RECORDED,)
        return ()

    def _spool_or_log(self, entry: Entry) -> bool:
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
            return False
        return True


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
        by=draft.live.observed.by,
        removes=order.removes,
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
    if draft.order.removes:
        facts["removes"] = True
    if draft.live.observed.by:
        facts["connector"] = draft.live.observed.by
    if draft.order.restoring is not None:
        facts["restores"] = draft.order.restoring.snapshot
    if move is not None:
        facts["secret"] = {"before": move.before, "after": move.applied.version}
        facts["secret_ref"] = move.applied.ref
    return facts


def _states(reading: Reading, cause: Cause) -> tuple[State, ...]:
    """Give what a reading tells of its document, last, and of the others on the same record.

    So a snapshot has the mode as it was when the page beside it was read.
    """
    if reading.resource.record.item and not reading.observed.exists:
        return ()  # a record that is not there has no state to go back to
    beside = [each for each in RESOURCES if _tells_of(reading, each)]
    content = content_of(reading.document, reading.unreachable)
    found = (State(each.path, _beside(reading, each), Cause.FOUND) for each in beside)
    return (*found, State(reading.resource.path, content, cause))


def _tells_of(reading: Reading, other: Resource) -> bool:
    same = other.record is reading.resource.record
    # What is shown of a secret is not in a record.
    return same and other is not reading.resource and other.document.secret is None


def _beside(reading: Reading, other: Resource) -> Content:
    seen = reading.observed
    document = other.document.of(seen.document_values(other.document))
    unseen = document.values().keys() - seen.values.keys() if seen.exists else ()
    return content_of(document, unseen)
