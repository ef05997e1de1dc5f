"""The last part of a write: hand it to the product, read back, compare, remember."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.checks import Verification
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Observed
from imis_sso.domain.problems import (
    FieldError,
    ManualStepRequired,
    Problem,
    UpstreamRefused,
    UpstreamTimeout,
)
from imis_sso.domain.resources import SecretRole
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.domain.violations import sentence
from imis_sso.services.order import Draft
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading, compose

UNKNOWN = "It is not known whether the write was taken: read the document before trying again."
NOT_REMEMBERED = "The service's own store could not be written: it does not know of this write."
NOT_TAKEN = "The product was read afterwards and holds the old values: nothing was written."


@dataclass(frozen=True, repr=False)
class Ready:
    """A draft that has passed every gate: `kept` goes back into a record that hides its secret.

    `facts` are what the trail says of it besides. `before` is what verification said of a live pair
    that this edits: it is asked again afterwards.
    """

    draft: Draft
    kept: Secret | None = None
    notices: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    lowering: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    before: Verification | None = None


async def perform(pair: Pair, ready: Ready) -> tuple[Reading, tuple[str, ...]]:
    """Write a draft and prove it (contract C33: 200 only after a read-back shows the new state).

    Gives the document as it was read back, and what to tell the caller. Raises `AuditUnavailable`
    with nothing written, the connector's problems, `UpstreamRefused` where the product does not
    hold what was written, `UpstreamTimeout` where it cannot be told. The outcome is never guessed,
    and a write is never sent twice.
    """
    draft, after = ready.draft, None
    begun = await pair.journal.begin(draft, ready.forced, lowering=ready.lowering, more=ready.facts)
    try:
        after, lost = await _write_and_read(pair, draft, ready.kept)
        if lost is not None:
            _settle(draft, after, lost)
        _prove(draft, after)
        _prove_secret(ready, after)
    except Problem as problem:
        if problem.upstream_writes:
            await _doubt(pair, ready, after)
        elif not draft.live.observed.exists:
            await _unbind(pair, draft)
        await pair.journal.failed(begun, problem, await _found(pair, draft, problem, after))
        if isinstance(problem, ManualStepRequired) and pair.steps is not None:
            raise await pair.steps.asked(draft, problem) from None
        raise
    forgotten = await _remember(pair, ready, after, begun.intent.found)
    if draft.order.removes:
        await _unbind(pair, draft)
    reading = await compose(pair, draft.resource, after)
    return reading, (*forgotten, *await pair.journal.applied(begun, reading))


async def _found(
    pair: Pair, draft: Draft, problem: Problem, after: Observed | None
) -> Reading | None:
    """Give what was read back; None where that does not tell what became of the write."""
    if after is None or (isinstance(problem, UpstreamTimeout) and _as_before(draft, after)):
        return None
    return await compose(pair, draft.resource, after)


async def _write_and_read(
    pair: Pair, draft: Draft, kept: Secret | None
) -> tuple[Observed, WriteUncertain | None]:
    half, lost = pair.half(draft.resource), None
    try:
        async with asyncio.timeout(draft.order.deadline.remaining()):
            try:
                await half.write(draft.resource, draft.change(kept), draft.live.observed)
            except WriteUncertain as uncertain:
                lost = uncertain
            return await _read_back(pair, draft), lost
    except TimeoutError:
        msg = f"{half.title} did not answer in time."
        raise _unknown(UpstreamTimeout(msg)) from None


async def _read_back(pair: Pair, draft: Draft) -> Observed:
    try:
        return await pair.half(draft.resource).observe_afresh(draft.resource)
    except Problem as problem:
        raise _unknown(problem) from None


def _settle(draft: Draft, after: Observed, lost: WriteUncertain) -> None:
    """Tell by reading whether a write without an answer was taken (product facts 3.5)."""
    if draft.order.removes:
        taken = not after.exists
    elif draft.changed:
        taken = not _unlike(draft, after)
    elif isinstance(after.secret, Secret):
        taken = after.secret == draft.push.secret
    else:
        raise _unknown(lost.cause)
    if not taken:
        # A product that was too slow may still be at it: what it holds now proves nothing.
        untouched = _as_before(draft, after) and not isinstance(lost.cause, UpstreamTimeout)
        raise _worded(lost.cause, NOT_TAKEN) if untouched else _unknown(lost.cause)


def _unknown(problem: Problem) -> Problem:
    mine = _worded(problem, UNKNOWN)
    mine.upstream_writes = 1
    return mine


def _worded(problem: Problem, words: str) -> Problem:
    # A new one: the failure of a shared read also belongs to readers who wrote nothing.
    detail = f"{problem.detail} {words}"
    return type(problem)(detail, problem.errors, retry_after=problem.retry_after)


def _unlike(draft: Draft, after: Observed) -> list[str]:
    return [path for path, value in draft.changed.items() if after.values.get(path) != value]


def _as_before(draft: Draft, after: Observed) -> bool:
    before = draft.live.observed
    same = all(after.values.get(path) == before.values.get(path) for path in draft.changed)
    return same and after.exists == before.exists and after.secret == before.secret


def _prove(draft: Draft, after: Observed) -> None:
    """Compare field by field what was asked with what the product holds now."""
    if draft.order.removes:
        _prove_gone(after)
        return
    errors = [
        FieldError(path, f"is {after.values.get(path)!r} after the write, not {value!r}")
        for path, value in draft.changed.items()
        if after.values.get(path) != value
    ]
    secret, keys = draft.push.secret, draft.resource.document.secret
    if secret is not None and isinstance(after.secret, Secret) and after.secret != secret and keys:
        errors.append(FieldError(keys.inline, "is not the one that was written"))
    if not errors:
        return
    problem = UpstreamRefused(
        f"The product took the write but does not hold what was written: {sentence(errors)}", errors
    )
    problem.upstream_writes = 1
    raise problem


def _prove_gone(after: Observed) -> None:
    if not after.exists:
        return
    problem = UpstreamRefused("The product took the deletion, but the record is still there.")
    problem.upstream_writes = 1
    raise problem


def _is_wiped(ready: Ready, after: Observed) -> bool:
    """Tell whether a mask is gone after a write that left the secret alone (product facts 3.5)."""
    untouched = ready.kept is None and ready.draft.push.secret is None
    before = ready.draft.live.observed.secret
    masked = before is Unreadable.MASKED and after.secret is Unreadable.ABSENT
    return untouched and masked and after.exists


def _prove_secret(ready: Ready, after: Observed) -> None:
    """Refuse to call it a success that the secret was lost; lowering the mode stays one (1.2)."""
    if ready.lowering or not _is_wiped(ready, after):
        return
    problem = UpstreamRefused(
        "The product took the write and lost its client secret by it: a mask was to be seen before "
        "and is not any more. Push the secret again, and do not state unread_secret: keeps."
    )
    problem.upstream_writes = 1
    raise problem


async def _doubt(pair: Pair, ready: Ready, after: Observed | None) -> None:
    """Forget what was recorded of a secret that the product may not hold, or no more.

    The version then reads as unknown where the product hides it, and the next plan pushes again.
    """
    if ready.draft.push.secret is not None or (after is not None and _is_wiped(ready, after)):
        with suppress(StoreUnavailable):  # the intent stands, and is settled by reading
            await pair.secrets.forget(ready.draft.resource)


async def _unbind(pair: Pair, draft: Draft) -> None:
    """Forget which record a key would have stood for: none was made, or it is gone (1.3)."""
    bindings = pair.half(draft.resource).bindings
    if draft.resource.record.item and bindings is not None:
        with suppress(StoreUnavailable):  # a binding that leads nowhere reads as none
            await bindings.forget(draft.resource.record.item)


async def _remember(
    pair: Pair, ready: Ready, after: Observed, found: str | None
) -> tuple[str, ...]:
    draft = ready.draft
    hidden = draft.resource.record.secret is SecretRole.SETTABLE and not isinstance(
        after.secret, Secret
    )
    try:
        if draft.push.record is not None and not draft.order.removes:
            await pair.secrets.remember(draft.push.record, draft.resource)
        elif _is_wiped(ready, after) or (
            hidden and ready.kept is None and not pair.policy.keeps_unread(draft.resource.product)
        ):
            await pair.secrets.forget(draft.resource)
        elif ready.kept is not None:
            await pair.secrets.renew(ready.kept, draft.resource)
        if not draft.order.rehearses:
            await pair.managed.wrote(pair.name, draft.resource.path, draft.order.who, found)
    except StoreUnavailable:
        return (NOT_REMEMBERED,)
    return ()
