"""Letting go of a document: what DELETE of a singleton does (contract C5)."""

from __future__ import annotations

from dataclasses import replace

from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.ledger import ManagedPeriod
from imis_sso.domain.problems import FieldError, InvalidSettings, NotLastWriter
from imis_sso.domain.resources import Destroy, Gate, Resource
from imis_sso.domain.restoration import Restorable, restorable
from imis_sso.domain.snapshots import Content
from imis_sso.services.draft import require_match
from imis_sso.services.order import Order, Outcome, Restoring
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading, read
from imis_sso.services.restored_secret import decide
from imis_sso.services.write import write

NEVER_RAISED = "The mode is never raised by letting go: it stays as it is."


def destroy_mode(pair: Pair, resource: Resource, asked: str | None) -> Destroy:
    """Choose what DELETE does: what the caller asks, else the environment's setting.

    Raises `InvalidSettings` for a mode that is unknown or that the resource does not have.
    """
    if asked is None:
        default = pair.policy.on_destroy
        return next((each for each in resource.destroy if each == default), Destroy.RETAIN)
    found = next((each for each in resource.destroy if each == asked), None)
    if found is not None:
        return found
    modes = ", ".join(each.value for each in resource.destroy)
    detail = f'is "{asked[:40]}", which {resource.path} does not have; it has: {modes}'
    raise InvalidSettings(f"on_destroy {detail}.", [FieldError("on_destroy", detail)])


async def release(pair: Pair, order: Order, mode: Destroy) -> Outcome | None:
    """End the managed period of a document; idempotent. Gives None where nothing was looked at.

    Without a managed write in this period nothing is written upstream.
    """
    period = await pair.managed.current(pair.name, order.resource.path)
    outcome: Outcome | None = None
    if mode is Destroy.DELETE:
        # Whoever asks for it by name means it, managed before or not.
        outcome = await write(pair, replace(order, removes=True))
    elif period is not None and mode is Destroy.DISABLE:
        outcome = await write(pair, replace(order, declared={"mode": "disabled"}))
    elif period is not None and mode is Destroy.RESTORE:
        outcome = await _give_back(pair, order, period)
    elif order.if_match is not None or order.dry_run:
        reading = await read(pair, order.resource)
        require_match(order, reading)
        outcome = Outcome(reading)
    if not order.dry_run:
        await pair.managed.end(pair.name, order.resource.path)
    return outcome


async def _give_back(pair: Pair, order: Order, period: ManagedPeriod) -> Outcome:
    """Put back what was found before the first managed write of a period (contract C5)."""
    _require_last_writer(order, period)
    name, content = await _found(pair, order.resource, period)
    live = await read(pair, order.resource, afresh=True)
    kept = restorable(order.resource.document, content, live.unreachable)
    secret = await decide(pair.secrets, live, kept)
    raising = _raises(live, kept)
    outcome = await write(
        pair,
        replace(
            order,
            declared={} if raising else {**kept.declared, **secret.declared},
            inline=secret.secret if secret.inline else None,
            restoring=Restoring(name),
        ),
    )
    said = (*kept.left_alone, secret.notice, NEVER_RAISED if raising else "")
    return replace(outcome, notices=(*outcome.notices, *(each for each in said if each)))


def _require_last_writer(order: Order, period: ManagedPeriod) -> None:
    if period.last_writer == order.who:
        return
    msg = (
        f"{period.last_writer} wrote {order.resource.path} last, so what was there before is not "
        "put back over it: release with on_destroy=retain, or restore a snapshot on purpose."
    )
    raise NotLastWriter(msg)


async def _found(pair: Pair, resource: Resource, period: ManagedPeriod) -> tuple[str, Content]:
    """Give what was found at the beginning of a period, and the snapshot that has it.

    Where that is not known (a period that an older version began) it is said, instead of letting
    go as if it were restored.
    """
    name = period.found or ""
    kept = await pair.history.snapshot(pair.name, name) if name else None
    if kept is not None and resource.path in kept.documents:
        return name, kept.documents[resource.path]
    detail = (
        "is restore, but what was there before the first managed write is not on record; "
        "release with retain"
    )
    raise InvalidSettings(f"on_destroy {detail}.", [FieldError("on_destroy", detail)])


def _raises(live: Reading, kept: Restorable) -> bool:
    if live.resource.gate is not Gate.ACTIVATION or "mode" not in kept.declared:
        return False
    return RANK[kept.declared["mode"]] > RANK[str(live.document.values()["mode"])]
