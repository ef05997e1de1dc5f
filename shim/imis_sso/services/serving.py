"""Who serves a document, why, and what is reached: told without asking the product (C3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imis_sso.domain.resources import Resource
from imis_sso.services.doors import Doors, Standing
from imis_sso.services.pair import Pair
from imis_sso.services.reach import Accepted, reached


@dataclass(frozen=True)
class Way:
    """How one door stands for a document, as people are told."""

    connector: str
    state: str
    detail: str
    since: datetime | None
    again: datetime | None
    circuit: str

    def as_dict(self) -> dict[str, Any]:
        """Give the entry of the answer."""
        return {
            "connector": self.connector,
            "state": self.state,
            "detail": self.detail,
            "since": _moment(self.since),
            "again": _moment(self.again),
            "circuit": self.circuit,
        }


@dataclass(frozen=True)
class Serving:
    """Who serves a document: `connector` does, through `doors`.

    `unreachable` are the fields that read as their default; those of them that the connector could
    reach and nobody has accepted are `unaccepted`. `lost` were accepted and are out of its reach.
    """

    resource: Resource
    connector: str
    doors: Sequence[Way] = ()
    accepted: Accepted | None = None
    unreachable: tuple[str, ...] = ()
    unaccepted: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


async def serving(pair: Pair, resource: Resource) -> Serving:
    """Tell who serves a document as things stand. Raises StoreUnavailable."""
    doors = pair.doors.get(resource.product)
    if doors is None:
        connector = pair.half(resource).connector
        unreachable = connector.reach.unreachable(resource.record.name, resource.document)
        return Serving(resource, connector.name, unreachable=unreachable)
    standings = await doors.standings(resource)
    return await _told(doors, resource, standings)


async def _told(doors: Doors, resource: Resource, standings: Sequence[Standing]) -> Serving:
    able, name = frozenset[str](), ""
    for each in standings:
        if each.state == "serves" and each.door.connector is not None:
            able, name = reached(each.door.connector.reach, resource), each.door.name
    accepted = await doors.accepted.of(resource)
    taken = able if accepted is None else accepted.fields
    fields = list(resource.document.defaults())
    return Serving(
        resource,
        name,
        [_way(each) for each in standings],
        accepted,
        unreachable=tuple(each for each in fields if each not in able & taken),
        unaccepted=tuple(each for each in fields if each in able - taken),
        lost=tuple(each for each in fields if each in taken - able),
    )


def _way(standing: Standing) -> Way:
    door, closing = standing.door, standing.closing
    detail = door.barred
    if closing is not None:
        detail = f"{closing.slug}: {closing.detail}"
    return Way(
        door.name,
        standing.state,
        detail,
        None if closing is None else closing.since,
        None if closing is None else closing.until,
        door.connector.circuit.state if door.connector else "",
    )


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
