"""Putting a document back to what it was before a write of ours (contract 1.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from imis_sso.domain.documents import Document
from imis_sso.domain.secret import Secret
from imis_sso.services.deadline import Deadline
from imis_sso.services.order import Draft
from imis_sso.services.pair import Pair
from imis_sso.services.perform import Ready, perform
from imis_sso.services.push import Push, Shown
from imis_sso.services.read import Reading

_SECONDS: Final = 10.0
MADE_STAYS: Final = (
    "The record that was made stays: it is not deleted by itself. Mend it, or delete it on purpose."
)


@dataclass(frozen=True)
class PutBack:
    """What came of putting a document back: how often it was written, and what to tell."""

    writes: int = 0
    notices: tuple[str, ...] = ()


async def put_back(
    pair: Pair, ready: Ready, written: Reading, why: str, *, lowering: bool = False
) -> PutBack:
    """Write the values that a document had before `ready` was written.

    It is finished also past the caller's deadline: rather late than out. An old secret comes back
    where it was readable or a named secret has its fingerprint; else the new one stays and the
    notice says so. Raises what writing raises.
    """
    draft = ready.draft
    if not draft.live.observed.exists and draft.resource.record.item:
        return PutBack(0, (MADE_STAYS,))
    seconds = max(pair.half(draft.resource).connector.write_seconds, _SECONDS)
    push, kept, notice = await _old_secret(pair, ready)
    wanted = _with_secret_of(draft.live.document if push.secret else written.document, draft)
    back = replace(
        draft.order,
        declared=wanted.model_dump(),
        inline=None,
        if_match=None,
        force=False,
        restoring=None,
        deadline=Deadline(seconds),
    )
    again = Draft(back, written, wanted, push)
    told = (notice,) if notice else ()
    if not again.writes:
        return PutBack(0, told)
    facts = {"why": why}
    _, notices = await perform(pair, Ready(again, kept, lowering=lowering, facts=facts))
    return PutBack(1, (*told, *notices))


def _with_secret_of(source: Document, draft: Draft) -> Document:
    keys = draft.resource.document.secret
    if keys is None:
        return draft.live.document
    shown = source.model_dump()
    said = {each: shown[each] for each in (keys.ref, keys.version)}
    return draft.live.document.model_copy(update=said)


async def _old_secret(pair: Pair, ready: Ready) -> tuple[Push, Secret | None, str]:
    """Give the old secret, what goes back into a record that hides its own, and what to tell."""
    draft = ready.draft
    new, shown = draft.push.secret, draft.live.shown
    if new is None:
        return Push(), ready.kept, ""
    if isinstance(draft.live.observed.secret, Secret):
        return Push(draft.live.observed.secret, shown), None, ""
    found = None
    if shown.version:
        found = await pair.secrets.find(draft.resource, shown.version, shown.ref)
    if found is not None:
        return Push(found[1], Shown(shown.ref, shown.version)), None, ""
    named = f" ({shown.version})" if shown.version else ""
    notice = (
        f"The old secret{named} could not come back: it cannot be read, and no named secret is it. "
        "The new one stays: push the right one."
    )
    return Push(), new, notice
