"""What is known of an environment without asking the products (contract section 1, C3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imis_sso.domain.ledger import ManagedPeriod
from imis_sso.domain.manual_steps import PRESENT, Step
from imis_sso.domain.resources import COLLECTIONS, LICENCE, RESOURCES, Resource
from imis_sso.services.accepted_pages import accepted_pages
from imis_sso.services.delivery import Delivery
from imis_sso.services.pair import Pair
from imis_sso.services.serving import serving


async def status(pair: Pair, deliveries: Sequence[Delivery] = ()) -> dict[str, Any]:
    """Give the hold, circuits, sinks, dated secrets, pages, and what is known of each resource."""
    hold = await pair.journal.holding.current()
    documents = (*RESOURCES, *await items(pair))
    steps = {} if pair.steps is None else await pair.steps.pending()
    return {
        "environment": pair.name,
        "production": pair.policy.production,
        "writes": "allowed" if pair.policy.writes_allowed else "refused",
        "audit_sinks": [await each.state(pair.name) for each in deliveries],
        "hold": hold and hold.as_dict(),
        "expiry": pair.expiry.secrets(),
        "logins": await pair.expiry.logins.shown(),
        "products": [
            {"product": product, **circuit.shown()} for product, circuit in pair.circuits.items()
        ],
        "pages": await accepted_pages(pair.facts, pair.name),
        "rehearsals": await _rehearsals(pair),
        "resources": [await _resource(pair, each, steps) for each in documents],
    }


async def _rehearsals(pair: Pair) -> list[dict[str, Any]]:
    """Give what was rehearsed in this environment, by connector and version."""
    found = [] if pair.facts is None else await pair.facts.all(pair.name, "rehearsal")
    return [
        {
            "connector": each.content["connector"],
            "version": each.content["version"],
            "passed": each.content["passed"],
            "who": each.who,
            "when": each.at.isoformat(timespec="seconds") if each.at else None,
        }
        for each in found
    ]


async def items(pair: Pair) -> list[Resource]:
    """Give the documents of collections that have a key, by key. Raises StoreUnavailable."""
    found = []
    for collection in COLLECTIONS:
        bindings = pair.half(collection.listing).bindings
        keys = {} if bindings is None else await bindings.all()
        found += [collection.item(key) for key in keys]
    return found


async def _resource(pair: Pair, resource: Resource, steps: Mapping[str, Step]) -> dict[str, Any]:
    ways = await serving(pair, resource)
    last = await pair.managed.last(pair.name, resource.path)
    return {
        "resource": resource.path,
        "connector": ways.connector,
        "doors": [each.as_dict() for each in ways.doors],
        "capability": "read" if resource.read_only else "read-write",
        "unreachable": list(ways.unreachable),
        "unaccepted": list(ways.unaccepted),
        "managed": last is not None and last.lasts,
        "last_managed_write": _write(last) if last else None,
        "pending_manual_step": await _pending(pair, resource, ways.connector, steps),
    }


async def _pending(
    pair: Pair, resource: Resource, connector: str, steps: Mapping[str, Step]
) -> str | None:
    """Give the id of the step that waits for a person: `present` where nothing was confirmed."""
    if pair.steps is None:
        return None
    if resource.path in steps:
        return steps[resource.path].id
    doors = pair.doors[resource.product].doors
    if resource == LICENCE:
        return None  # its document says by itself that it is unknown
    assisted = any(each.name == connector and each.assisted for each in doors)
    unknown = assisted and await pair.steps.confirmed(resource.record) is None
    return PRESENT if unknown else None


def _write(period: ManagedPeriod) -> dict[str, str]:
    return {"who": period.last_writer, "when": period.last_write_at.isoformat(timespec="seconds")}
