"""The gates that ask for no verification, each a function of a pair and a draft (C34, C44, C46).

A gate raises its problem. What one only reports in a dry run it gives as a sentence. Raising the
mode is guarded in `activating`, a live pair in `live_edits`.
"""

from __future__ import annotations

from dataclasses import dataclass

from imis_sso.domain.activation import Transition, transition
from imis_sso.domain.checks import Verification
from imis_sso.domain.problems import (
    ManualStepRequired,
    ObserveOnly,
    PreconditionRequired,
    WrongTenant,
)
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, Gate
from imis_sso.services.half import Half
from imis_sso.services.order import Draft, Order
from imis_sso.services.pair import Pair


def observe_only(pair: Pair, order: Order) -> tuple[str, ...]:
    """Refuse to write where the operator has not allowed it; a dry run only says so (C44, C15)."""
    if pair.policy.writes_allowed:
        return ()
    msg = (
        f"Writes to the environment {pair.name} are refused; its operator may set "
        "writes: allowed in the registry."
    )
    if not order.dry_run:
        raise ObserveOnly(msg)
    return (f"{ObserveOnly.slug}: {msg}",)


def by_hand(draft: Draft) -> tuple[str, ...]:
    """Tell a dry run that a person would have to do it (C15); the write itself says what."""
    if not draft.live.observed.confirmed:
        return ()
    fields = ", ".join(sorted(draft.changed)) or "the client secret"
    return (f"{ManualStepRequired.slug}: a person has to set {fields}; the write says how.",)


def precondition(draft: Draft) -> None:
    """Refuse a change that does not say which state it was decided on (C34, strict mode).

    `If-Match: *` names none. Lowering the mode is exempt (contract 1.2).
    """
    order = draft.order
    names_none = order.if_match in {None, ("*",)}
    if order.must_match and names_none and move(draft) is not Transition.LOWER:
        msg = (
            "This environment takes changes only with If-Match: read the document and send its "
            "ETag; nothing was written."
        )
        raise PreconditionRequired(msg)


async def right_tenant(pair: Pair, draft: Draft) -> None:
    """Refuse to write to a product that is not the pinned tenant (C46)."""
    pinned = pair.policy.tenant
    if not pinned:
        return
    half = pair.half(draft.resource)
    found = await half.connector.tenant()
    for key in sorted(pinned.keys() & found.keys()):
        if pinned[key] != found[key]:
            msg = (
                f'{half.title} reports {key} "{found[key]}", but the registry\'s tenant.{key} is '
                f'"{pinned[key]}"; nothing was written.'
            )
            raise WrongTenant(msg)


def also_held(pair: Pair, order: Order) -> tuple[Half, ...]:
    """Give the other products whose queue a write waits for, so that nothing moves under it.

    Between verification and activation no write of ours may reach Cloud SSO: its own guard would
    still see a pair that is not live. Lowering waits for nothing but iMIS (contract 1.2).
    """
    if order.resource.gate is Gate.ACTIVATION and order.declared.get("mode") == "enabled":
        return (pair.half(IMIS_SSO_SETTINGS),)
    return ()


def may_lower(order: Order) -> bool:
    """Tell whether a write may turn out to lower the mode: a dead store must not stop it (1.2).

    Only the live mode tells `test_mode` as a way down from the way up; a way up is stopped by the
    trail.
    """
    mode = order.declared.get("mode")
    return order.resource.gate is Gate.ACTIVATION and mode in ("disabled", "test_mode")


def move(draft: Draft) -> Transition:
    """Tell what a draft does to the mode; `SAME` for documents that are not the mode."""
    if draft.resource.gate is not Gate.ACTIVATION:
        return Transition.SAME
    before, after = draft.live.document.values(), draft.wanted.values()
    return transition(str(before["mode"]), str(after["mode"]))


@dataclass(frozen=True)
class Passage:
    """How a write came through its gates.

    `looked` tells that products or secrets were looked at for it, which took time; `forced` names
    the gates that an administrator overrode; `undecided` the checks that only active probes decide
    (contract C15). `before` is what verification said of a live pair that is about to be edited.
    """

    looked: bool = False
    forced: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    before: Verification | None = None

    def __or__(self, other: Passage) -> Passage:
        return Passage(
            self.looked or other.looked,
            self.forced + other.forced,
            self.undecided + other.undecided,
            self.before or other.before,
        )


async def held(pair: Pair, draft: Draft) -> None:
    """Refuse every step up, forced or not, while a hold stands (contract 1.2)."""
    if raises(draft):
        await no_hold(pair)


async def no_hold(pair: Pair) -> None:
    """Raise `Held` while a hold stands. Raises StoreUnavailable where that cannot be told."""
    hold = await pair.journal.holding.current()
    if hold is not None:
        raise hold.refusal()


def raises(draft: Draft) -> bool:
    """Tell whether a draft raises the mode."""
    return move(draft) not in (Transition.SAME, Transition.LOWER)
