"""What a restore would do, decided and judged before anything is written (contract section 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from imis_sso.domain.access import Origin
from imis_sso.domain.activation import critical_fields, way
from imis_sso.domain.difference import FieldChange, difference
from imis_sso.domain.documents import Document, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.problems import (
    ActivationGuard,
    FieldError,
    Held,
    InvalidSettings,
    PreconditionFailed,
    Problem,
    UntrustedHost,
    VerificationFailed,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    Resource,
)
from imis_sso.domain.restoration import restorable
from imis_sso.domain.snapshots import Snapshot
from imis_sso.domain.verdicts import judge
from imis_sso.domain.violations import sentence
from imis_sso.services.gates import require_no_hold, require_passed
from imis_sso.services.order import Order, Outcome, Restoring
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading, read, read_halves
from imis_sso.services.restored_secret import Decision, decide
from imis_sso.services.write import write

RESTORABLE = (IMIS_SSO_SETTINGS, OPENID_CONNECT, OIDC_AUTHENTICATION)
"""In the order in which they are restored: the mode last."""
NOTHING = "Nothing was restored."
PINS_WIN = "A restore puts back nothing that the registry's pins do not allow."


@dataclass(frozen=True)
class Wish:
    """A restore as the caller asked for it.

    `resources` None means every document of the snapshot; `expected` are entity tags by path: what
    the caller has looked at (contract C34).
    """

    snapshot: Snapshot
    who: str
    origin: Origin = field(default_factory=Origin)
    resources: Sequence[Resource] | None = None
    expected: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False

    def chosen(self) -> tuple[Resource, ...]:
        """Give the documents to restore, in their order. Raises `InvalidSettings`."""
        kept = [each for each in RESTORABLE if each.path in self.snapshot.documents]
        asked = kept if self.resources is None else self.resources
        lacking = [each.path for each in asked if each not in kept]
        if lacking:
            detail = f"names {', '.join(lacking)}, which the snapshot does not have"
            raise InvalidSettings(f"resources {detail}.", [FieldError("resources", detail)])
        return tuple(each for each in kept if each in asked)


@dataclass(frozen=True, repr=False)
class Piece:
    """One document of a restore: what it is, what it shall be, and the write that makes it so."""

    live: Reading
    order: Order
    wanted: Document
    secret: Decision
    notices: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()

    @property
    def resource(self) -> Resource:
        """The document."""
        return self.live.resource

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """The fields that differ from the snapshot."""
        return difference(self.live.document, self.wanted)


@dataclass(frozen=True, repr=False)
class Plan:
    """What a restore would do: each document, and the writes in their order."""

    pieces: tuple[Piece, ...]
    steps: tuple[Order, ...]
    gates: tuple[str, ...] = ()

    @property
    def undecided(self) -> tuple[str, ...]:
        """The gates that are met only when the mode is raised, after the documents."""
        raising = [each for each in self.steps if each.declared.get("mode") == "enabled"]
        return (VerificationFailed.slug,) if raising and len(self.steps) > 1 else ()

    @property
    def notices(self) -> tuple[str, ...]:
        """What cannot be put back."""
        return tuple(notice for each in self.pieces for notice in each.notices)


async def plan(pair: Pair, wish: Wish) -> Plan:
    """Decide what a restore would do, and meet every gate that can be met before it.

    Raises what would refuse one of its writes, `PreconditionFailed` where a document is not what
    the caller has looked at, `VerificationFailed` where the mode could not be raised to that of the
    snapshot. Nothing is written.
    """
    found = await asyncio.gather(*(read(pair, each, afresh=True) for each in wish.chosen()))
    _require_expected(wish, found)
    pieces = [await _piece(pair, wish, each) for each in found]
    modes = await _modes(pair, pieces)
    raised = await _judged(pair, pieces, modes)
    documents = [each.order for each in pieces if each.resource.gate is None and each.changes]
    before, after = modes
    reported = [gate for each in pieces for gate in each.gates]
    return Plan(
        tuple(pieces),
        (*_mode_steps(pieces, before, careful=True), *documents, *_mode_steps(pieces, after)),
        tuple(dict.fromkeys([*reported, *raised])),
    )


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
    outcome = await _tried(pair, order, Restoring(wish.snapshot.id, "test_mode"))
    return Piece(live, order, outcome.reading.document, secret, said, outcome.gates)


async def _tried(pair: Pair, order: Order, restoring: Restoring) -> Outcome:
    """Meet every gate of one write; a refusal says of which document."""
    try:
        return await write(pair, replace(order, dry_run=True, restoring=restoring))
    except Problem as problem:
        more = f" {PINS_WIN}" if isinstance(problem, UntrustedHost) else ""
        msg = f"{order.resource.path}: {problem.detail}{more} {NOTHING}"
        raise type(problem)(msg, problem.errors, retry_after=problem.retry_after) from None


async def _modes(pair: Pair, pieces: Sequence[Piece]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the modes to pass through before the documents are written, and after (contract 1.2)."""
    piece = _mode_piece(pieces)
    if piece is None:
        if await _touches_sign_in(pair, pieces) and await pair.live_mode() == "enabled":
            raise _guarded(pair, pieces)
        return (), ()
    live, target = str(piece.live.document.values()["mode"]), str(piece.wanted.values()["mode"])
    if live != "enabled" or not await _touches_sign_in(pair, pieces):
        return (), way(live, target)
    low = min("test_mode", target, key=RANK.__getitem__)
    return way(live, low), way(low, target)


def _mode_piece(pieces: Iterable[Piece]) -> Piece | None:
    return next((each for each in pieces if each.resource.gate is not None), None)


async def _touches_sign_in(pair: Pair, pieces: Iterable[Piece]) -> bool:
    for each in pieces:
        if critical_fields(each.resource.document, [change.field for change in each.changes]):
            return True
        secret = each.secret.secret
        if secret is not None and not await pair.secrets.shown_by_cloud_sso(secret):
            return True
    return False


def _guarded(pair: Pair, pieces: Iterable[Piece]) -> Problem:
    paths = ", ".join(each.resource.path for each in pieces if each.changes)
    msg = (
        f"{pair.name} is live (mode enabled), and sign-in depends on what {paths} would change. "
        f"Restore {OIDC_AUTHENTICATION.path} too, which lowers and raises the mode around it, or "
        f"lower the mode first. {NOTHING}"
    )
    return ActivationGuard(msg)


def _mode_steps(
    pieces: Sequence[Piece], modes: Iterable[str], *, careful: bool = False
) -> tuple[Order, ...]:
    piece = _mode_piece(pieces)
    if piece is None or piece.order.restoring is None:
        return ()
    restoring = replace(piece.order.restoring, careful=careful)
    order = replace(piece.order, restoring=restoring)
    return tuple(replace(order, declared={"mode": each}) for each in modes)


async def _judged(
    pair: Pair, pieces: Sequence[Piece], modes: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[str, ...]:
    """Meet the gates of the mode as far as they can be met now; gives what they only report."""
    before, after = modes
    steps = (*_mode_steps(pieces, before, careful=True), *_mode_steps(pieces, after))
    piece = _mode_piece(pieces)
    if not steps or piece is None:
        return ()
    await _not_held(pair, piece, modes)
    first, others = steps[0], any(each.changes for each in pieces if each is not piece)
    # What the other documents will have changed by then cannot be judged at the product.
    later = others and (first.declared["mode"] == "enabled" or not piece.live.observed.exists)
    reported: tuple[str, ...] = ()
    if first.restoring is not None and not later:
        reported = (await _tried(pair, first, first.restoring)).gates
    if "enabled" in after and others:
        await _would_verify(pair, pieces)
    return reported


async def _not_held(
    pair: Pair, piece: Piece, modes: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    """Refuse what would raise the mode on its way, before anything is lowered for it."""
    before, after = modes
    low = before[-1] if before else str(piece.live.document.values()["mode"])
    if not after or RANK[after[-1]] < RANK[low]:
        return
    try:
        await require_no_hold(pair)
    except Held as problem:
        msg = f"{problem.detail} {NOTHING}"
        raise Held(msg) from None


async def _would_verify(pair: Pair, pieces: Iterable[Piece]) -> None:
    """Raise `VerificationFailed` where the pair, restored, would not verify."""
    halves = await read_halves(pair)
    for wanted in (each.wanted for each in pieces):
        if isinstance(wanted, OpenIDConnect):
            halves = replace(halves, openid_connect=wanted)
        elif isinstance(wanted, ImisSsoSettings):
            halves = replace(halves, imis_sso_settings=wanted)
    try:
        require_passed(judge(halves))
    except VerificationFailed as problem:
        msg = (
            f"The mode of the snapshot is enabled, but with its settings: {problem.detail} "
            f"{NOTHING} To restore the documents alone, leave {OIDC_AUTHENTICATION.path} out."
        )
        raise VerificationFailed(msg, problem.errors) from None
