"""Letting go of a document: what DELETE of a singleton does (contract C5)."""

from __future__ import annotations

from dataclasses import replace

from imis_sso.domain.problems import FieldError, InvalidSettings
from imis_sso.domain.resources import Destroy, Resource
from imis_sso.services.draft import require_match
from imis_sso.services.order import Order, Outcome
from imis_sso.services.pair import Pair
from imis_sso.services.read import read
from imis_sso.services.write import write


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
    if period is not None and mode is Destroy.DISABLE:
        outcome = await write(pair, replace(order, declared={"mode": "disabled"}))
    elif order.if_match is not None or order.dry_run:
        reading = await read(pair, order.resource)
        require_match(order, reading)
        outcome = Outcome(reading)
    if not order.dry_run:
        await pair.managed.end(pair.name, order.resource.path)
    return outcome
