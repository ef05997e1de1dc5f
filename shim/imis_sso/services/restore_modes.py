"""The mode in a restore: lowered before, raised after, as far as it may be (contract 1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from imis_sso.domain.activation import critical_fields, way
from imis_sso.domain.documents import Directory, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.problems import (
    ActivationGuard,
    Held,
    Problem,
    VerificationFailed,
)
from imis_sso.domain.resources import (
    OIDC_AUTHENTICATION,
)
from imis_sso.services.activating import require_proof
from imis_sso.services.gates import no_hold
from imis_sso.services.order import Order
from imis_sso.services.pair import Pair
from imis_sso.services.read import read_halves
from imis_sso.services.restore_parts import ALONE, NOTHING, Piece, is_mode, tried
from imis_sso.services.verify import verify_candidate

Modes = tuple[str, ...]


async def way_of_modes(
    pair: Pair, pieces: Sequence[Piece]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
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
    return next((each for each in pieces if is_mode(each)), None)


async def _touches_sign_in(pair: Pair, pieces: Iterable[Piece]) -> bool:
    for each in pieces:
        if critical_fields(each.resource.document, [change.field for change in each.changes]):
            return True
        secret = each.secret.secret
        if secret is not None and not await pair.secrets.shown_by_cloud_sso(secret):
            return True
    return False


def goes_up(pieces: Iterable[Piece], before: tuple[str, ...], to: str) -> bool:
    """Tell whether a mode is above the one that the documents are written in."""
    live = [str(each.live.document.values()["mode"]) for each in pieces if is_mode(each)]
    return RANK[to] > RANK[(*live, *before)[-1]]


async def require_no_hold(pair: Pair) -> None:
    """Raise `Held` while a hold stands: the mode could not be raised (contract 1.2)."""
    try:
        await no_hold(pair)
    except Held as problem:
        msg = f"{problem.detail} {NOTHING} {ALONE}"
        raise Held(msg, problem.errors) from None


def _guarded(pair: Pair, pieces: Iterable[Piece]) -> Problem:
    paths = ", ".join(each.resource.path for each in pieces if each.changes)
    msg = (
        f"{pair.name} is live (mode enabled), and sign-in depends on what {paths} would change. "
        f"Restore {OIDC_AUTHENTICATION.path} too, which lowers and raises the mode around it, or "
        f"lower the mode first. {NOTHING}"
    )
    return ActivationGuard(msg)


def mode_steps(
    pieces: Sequence[Piece], modes: Iterable[str], *, careful: bool = False
) -> tuple[Order, ...]:
    """Give the writes that lead through these modes."""
    piece = _mode_piece(pieces)
    if piece is None or piece.order.restoring is None:
        return ()
    restoring = replace(piece.order.restoring, careful=careful)
    order = replace(piece.order, restoring=restoring)
    return tuple(replace(order, declared={"mode": each}) for each in modes)


async def judged(
    pair: Pair, pieces: Sequence[Piece], modes: tuple[Modes, Modes]
) -> tuple[str, ...]:
    """Meet the gates of the mode as far as they can be met now; gives what they only report."""
    before, after = modes
    steps = (*mode_steps(pieces, before, careful=True), *mode_steps(pieces, after))
    piece = _mode_piece(pieces)
    if not steps or piece is None:
        return ()
    first, others = steps[0], any(each.changes for each in pieces if each is not piece)
    # What the other documents will have changed by then cannot be judged at the product.
    later = others and (first.declared["mode"] == "enabled" or not piece.live.observed.exists)
    reported: tuple[str, ...] = ()
    if first.restoring is not None and not later:
        reported = (await tried(pair, first, first.restoring)).gates
    if "enabled" in after and others:
        await _would_verify(pair, pieces)
    return reported


async def _would_verify(pair: Pair, pieces: Iterable[Piece]) -> None:
    """Raise `VerificationFailed` where the pair, restored, would not verify."""
    halves = await read_halves(pair)
    for item, wanted in ((each.resource.record.item, each.wanted) for each in pieces):
        if isinstance(wanted, Directory):
            halves = replace(halves, directories={**halves.directories, item: wanted})
        elif isinstance(wanted, OpenIDConnect):
            halves = replace(halves, openid_connect=wanted)
        elif isinstance(wanted, ImisSsoSettings):
            halves = replace(halves, imis_sso_settings=wanted)
    try:
        # Passive: the step that raises the mode probes the provider, after the documents.
        await require_proof(pair, await verify_candidate(pair, halves, None, active=False))
    except VerificationFailed as problem:
        msg = (
            f"The mode of the snapshot is enabled, but with its settings: {problem.detail} "
            f"{NOTHING} {ALONE}"
        )
        raise VerificationFailed(msg, problem.errors) from None
