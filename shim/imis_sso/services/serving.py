"""Who serves a document, why, and what is reached: told without asking the product (C3)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.problems import Problem
from imis_sso.domain.resources import RESOURCES, TEMPLATES, Resource
from imis_sso.services.door import Standing
from imis_sso.services.doors import Doors
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
        """Give what is answered of a door."""
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
    """Who serves a document: `connector` does, of those behind `doors`, and it reaches `able`.

    `unreachable` are the fields that read as their default; those of them that the connector could
    reach and nobody has accepted are `unaccepted`. `lost` were accepted and are out of its reach.
    """

    resource: Resource
    connector: str
    doors: Sequence[Way] = ()
    able: frozenset[str] = frozenset()
    accepted: Accepted | None = None
    unreachable: tuple[str, ...] = ()
    unaccepted: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give what is answered of a document."""
        accepted = self.accepted
        return {
            "resource": self.resource.path,
            "connector": self.connector,
            "doors": [each.as_dict() for each in self.doors],
            "unreachable": list(self.unreachable),
            "unaccepted": list(self.unaccepted),
            "lost": list(self.lost),
            "accepted_by": accepted.who if accepted else "",
            "accepted_at": _moment(accepted.at if accepted else None),
        }


async def everywhere(pair: Pair) -> Sequence[Serving]:
    """Tell who serves each kind of document, without asking the products (C3).

    The documents of a collection are told once, for all of its keys. Raises StoreUnavailable.
    """
    return [await serving(pair, each) for each in (*RESOURCES, *TEMPLATES)]


async def _look(pair: Pair) -> Sequence[Serving]:
    """Read every page once, so that each closed door is known; then tell who serves what."""
    for record in dict.fromkeys(each.record for each in RESOURCES):
        first = next(each for each in RESOURCES if each.record == record)
        with suppress(Problem):
            await pair.half(first).observe(first)
    return await everywhere(pair)


async def accept(pair: Pair, who: str, origin: Origin) -> Sequence[Serving]:
    """Accept, for every document, exactly what its connector reaches now (contract 1.1).

    Gives the documents for which that changes anything, as they were before. Raises
    StoreUnavailable, and AuditUnavailable where it cannot be put on the trail.
    """
    changing = [each for each in await _look(pair) if each.unaccepted or each.lost]
    if not changing:
        return ()
    facts = {
        each.resource.path: {
            "connector": each.connector,
            "gained": list(each.unaccepted),
            "lost": list(each.lost),
        }
        for each in changing
    }
    entry = Entry(pair.name, Kind.REACH, who, origin=origin, facts={"documents": facts})
    # The trail first: what is not on it counts nowhere.
    await pair.journal.trail.append(entry)
    for each in changing:
        doors = pair.doors[each.resource.product]
        await doors.accepted.accept(each.resource, Accepted(each.able, each.connector, who))
    return changing


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
        able,
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
