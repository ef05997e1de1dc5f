"""Every gate a write meets, each a function of a pair and a draft (contract 1.2, C44, C46).

A gate raises its problem. What one only reports in a dry run it gives as a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

from imis_sso.domain.activation import Transition, critical_fields, transition
from imis_sso.domain.problems import (
    ActivationGuard,
    FieldError,
    ObserveOnly,
    PreconditionRequired,
    TransitionRefused,
    VerificationFailed,
    WrongTenant,
)
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, OPENID_CONNECT, Gate
from imis_sso.domain.verdicts import Verification
from imis_sso.domain.violations import sentence
from imis_sso.services.half import Half
from imis_sso.services.order import Draft, Order
from imis_sso.services.pair import Pair
from imis_sso.services.verify import verify


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
    the gates that an administrator overrode.
    """

    looked: bool = False
    forced: tuple[str, ...] = ()

    def __or__(self, other: Passage) -> Passage:
        return Passage(self.looked or other.looked, self.forced + other.forced)


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


async def activation(pair: Pair, draft: Draft) -> Passage:
    """Guard raising the mode (contract 1.2)."""
    step = move(draft)
    if step in (Transition.SAME, Transition.LOWER):
        return Passage()
    if not draft.live.observed.exists:
        msg = "iMIS has no OpenID Connect record yet; write imis/openid-connect first."
        raise TransitionRefused(msg)
    if step is Transition.TO_TEST:
        return Passage()
    skips = step is Transition.SKIPS_TEST
    if draft.order.force:
        overridden = TransitionRefused if skips else VerificationFailed
        return Passage(forced=(overridden.slug,))
    if skips:
        msg = "The mode goes from disabled to test_mode first, and to enabled after verification."
        raise TransitionRefused(msg)
    require_passed(await verify(pair))
    return Passage(looked=True)


def require_passed(verification: Verification) -> None:
    """Raise `VerificationFailed`, naming each failed check, unless the pair verifies (1.2)."""
    if verification.passed:
        return
    errors = [
        FieldError(check.id, f"failed: {check.detail}. {check.remedy}".rstrip())
        for check in verification.failures()
    ]
    if not errors:
        msg = "The pair is not verified: no check could be made, so nothing is proved."
        raise VerificationFailed(msg)
    msg = f"The pair does not verify, so external sign-in is not enabled: {sentence(errors)}"
    raise VerificationFailed(msg.replace("..", "."), errors)


async def live_edit(pair: Pair, draft: Draft) -> Passage:
    """Guard sign-in-critical fields of a live pair (contract 1.2)."""
    fields = list(critical_fields(draft.resource.document, draft.changed))
    keys = draft.resource.document.secret
    if draft.push.secret is not None and keys is not None:
        fields.append(keys.inline)
    if not fields or await _mode(pair, draft) != "enabled":
        return Passage()
    secret = draft.push.secret
    only_secret = secret is not None and len(fields) == 1
    if only_secret and secret is not None and await pair.secrets.shown_by_cloud_sso(secret):
        return Passage(looked=True)
    if draft.order.force:
        return Passage(looked=True, forced=(ActivationGuard.slug,))
    msg = (
        f"{pair.name} is live (mode enabled), and sign-in depends on {', '.join(fields)}. Lower "
        "the mode to test_mode, change, verify, and raise it again."
    )
    errors = [FieldError(each, "may not be changed while the mode is enabled") for each in fields]
    raise ActivationGuard(msg, errors)


async def _mode(pair: Pair, draft: Draft) -> str:
    restoring = draft.order.restoring
    if draft.order.dry_run and restoring is not None and restoring.mode is not None:
        return restoring.mode
    if draft.resource.record != OPENID_CONNECT.record:
        return await pair.live_mode()
    return str(draft.live.observed.values.get("mode", "disabled"))
