"""What a restore would do, decided and judged before anything is written (contract section 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from imis_sso.domain.problems import (
    FieldError,
    PreconditionFailed,
)
from imis_sso.domain.restoration import restorable
from imis_sso.domain.violations import sentence
from imis_sso.services.order import Order, Restoring
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading, read
from imis_sso.services.restore_modes import (
    goes_up,
    judged,
    mode_steps,
    require_no_hold,
    way_of_modes,
)
from imis_sso.services.restore_parts import NOTHING, Piece, Plan, Wish, is_mode, tried
from imis_sso.services.restored_secret import decide


async def plan(pair: Pair, wish: Wish) -> Plan:
    """Decide what a restore would do, and meet every gate that can be met before it.

    Raises what would refuse one of its writes, `PreconditionFailed` where a document is not what
    the caller has looked at, `VerificationFailed` where the mode could not be raised to that of the
    snapshot. Nothing is written.
    """
    seen = await asyncio.gather(*(read(pair, each, afresh=True) for each in wish.chosen()))
    _require_expected(wish, seen)
    # A directory that is gone is not made again: its people would be strangers to the new one.
    found = [each for each in seen if each.observed.exists or not each.resource.record.item]
    left = tuple(f"{each.resource.path}: {GONE}" for each in seen if each not in found)
    pieces = [await _piece(pair, wish, each) for each in found]
    before, after = await way_of_modes(pair, pieces)
    raised = tuple(each for each in after if goes_up(pieces, before, each))
    if raised:
        await require_no_hold(pair)
    met = await judged(pair, pieces, (before, after))
    documents = [each.order for each in pieces if not is_mode(each) and each.changes]
    reported = [gate for each in pieces for gate in each.gates]
    return Plan(
        tuple(pieces),
        (*mode_steps(pieces, before, careful=True), *documents, *mode_steps(pieces, after)),
        raised,
        tuple(dict.fromkeys([*reported, *met])),
        left,
    )


GONE = "is no longer there, or its key stands for no record: it is not made again."


def _require_expected(wish: Wish, found: Iterable[Reading]) -> None:
    live = {each.resource.path: each.etag for each in found}
    moved = [
        FieldError(path, f"has the ETag {live.get(path, 'of no document here')} now, not {etag}")
        for path, etag in wish.expected.items()
        if live.get(path) != etag
    ]
    if moved:
        msg = f"The product moved since you looked: {sentence(moved)} {NOTHING} Look again."
        raise PreconditionFailed(msg, moved)


async def _piece(pair: Pair, wish: Wish, live: Reading) -> Piece:
    resource = live.resource
    kept = restorable(resource.document, wish.snapshot.documents[resource.path], live.unreachable)
    secret = await decide(pair.secrets, live, kept)
    order = Order(
        resource,
        {**kept.declared, **secret.declared},
        wish.who,
        wish.origin,
        inline=secret.secret if secret.inline else None,
        if_match=(live.etag,),
        restoring=Restoring(wish.snapshot.id),
    )
    said = tuple(f"{resource.path}: {each}" for each in (*kept.left_alone, secret.notice) if each)
    if resource.gate is not None:
        wanted = live.document.model_copy(update=kept.declared)
        return Piece(live, order, wanted, secret, said)
    # Judged as if the mode were low: whether it must be lowered is seen from what changes.
    outcome = await tried(pair, order, Restoring(wish.snapshot.id, "test_mode"))
    return Piece(live, order, outcome.reading.document, secret, said, outcome.gates)
