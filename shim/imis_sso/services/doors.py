"""Several ways into one product, in order: the first that is able serves (contract 1.1, C4).

A door is *closed* where the product, or the way to it, says no: log-in refused or asked of a
person, not licensed or not served, a page that changed, and on a read also a plain refusal. Then
the next one serves. A product that is slow, away or failing closes nothing: another door would meet
the same trouble. Lowering the mode takes any door that works, whatever stopped those before it
(1.2).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import (
    ManualStepRequired,
    Problem,
    UpstreamChanged,
)
from imis_sso.domain.resources import Record, Resource
from imis_sso.domain.secret import Secret
from imis_sso.services.circuit import Circuit
from imis_sso.services.closings import Closings
from imis_sso.services.door import (
    CLOSING,
    CLOSING_WRITES,
    Door,
    Standing,
    require_reach,
    through,
    told,
)
from imis_sso.services.guarded import is_urgent, written_through
from imis_sso.services.reach import AcceptedReach

logger = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class _Order:
    """A write on its way from door to door."""

    resource: Resource
    change: Change
    base: Observed
    urgent: bool


class Doors:
    """The doors into one product of one environment (see the protocol `Connector`)."""

    def __init__(
        self, product: str, doors: Sequence[Door], closings: Closings, accepted: AcceptedReach
    ) -> None:
        self._product, self.doors = product, tuple(doors)
        self._closings, self.accepted = closings, accepted
        self._last: Door | None = None

    @property
    def name(self) -> str:
        """Name of the connector that served last, else of the first that may."""
        return (self._last or self._built()[0]).name

    @property
    def circuit(self) -> Circuit:
        """The circuit of the first door that may serve."""
        return through(self._built()[0]).circuit

    @property
    def reach(self) -> Reach:
        """Everything that any of the doors reaches."""
        fields: dict[str, frozenset[str]] = {}
        for door in self._built():
            for record, reachable in through(door).reach.fields.items():
                fields[record] = fields.get(record, frozenset()) | reachable
        return Reach(fields)

    @property
    def write_seconds(self) -> float:
        """Seconds that a write with its read-back may take at the most, by who served last."""
        return through(self._last or self._built()[0]).write_seconds

    async def read(self, resource: Resource) -> Observed:
        """Read through the first door that is able; see the module for what makes the next serve.

        What was written through a door in the same task is read back through one that looks.
        Raises as the protocol says.
        """
        record, failures = resource.record, list[tuple[Door, Problem]]()
        for door in await self._ready(record):
            try:
                seen = await through(door).read(resource)
            except Problem as problem:
                failures.append((door, problem))
                if not await self._is_next(record, door, problem):
                    raise told(failures) from None
            else:
                await self._closings.opened(record.name, door.name)
                return await self._seen(door, seen, record)
        raise told(failures)

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Write through the door that gave `base`; if it is closed now, through the next one.

        Raises as the protocol says, `UpstreamChanged` where the next door shows other values than
        `base`, `ReachChanged` where it cannot reach what is written.
        """
        # A circuit lets whatever follows a write pass, so that this must be asked before.
        record, urgent = resource.record, is_urgent()
        door = self._named(base.by) or (await self._ready(record))[0]
        try:
            await self._write(door, resource, change, base)
        except Problem as problem:
            if not await self._closes(record, door, problem, urgent=urgent):
                raise
            order = _Order(resource, change, base, urgent=urgent)
            await self._write_next(order, [(door, problem)])

    async def tenant(self) -> Mapping[str, str]:
        """Tell the tenant, as the door knows it that served last."""
        return await through(self._last or self._built()[0]).tenant()

    async def prove_login(self) -> None:
        """Log in afresh through the door that served last; a person needs no log-in of ours."""
        await through(self._last or self._built()[0]).prove_login()

    async def findings(self) -> Sequence[Finding]:
        """Ask all doors, in their order."""
        return [each for door in self._built() for each in await through(door).findings()]

    async def aclose(self) -> None:
        """Close all doors."""
        for door in self._built():
            await through(door).aclose()

    async def standings(self, resource: Resource) -> Sequence[Standing]:
        """Tell how each door stands for a document, without asking the product."""
        closed = await self._closings.standing(resource.record.name)
        able, serves, found = self._able(resource.record), False, list[Standing]()
        every_one = all(each.name in closed for each in able)
        for door in self.doors:
            closing = closed.get(door.name)
            if door.connector is None:
                state = "not-permitted"
            elif door not in able:
                state = "cannot-reach"
            elif closing is not None and not every_one:
                state = "closed"
            else:
                state = "next" if serves else "serves"
                serves = True
            found.append(Standing(door, state, closing))
        return found

    def _built(self) -> list[Door]:
        return [each for each in self.doors if each.connector is not None]

    def _named(self, name: str) -> Door | None:
        return next((each for each in self._built() if each.name == name), None)

    def _able(self, record: Record) -> list[Door]:
        """Give the doors that reach something of a record; where none does, all of them."""
        # Who reaches the items of a collection reaches its list.
        name = record.name.removesuffix("-list")
        able = [each for each in self._built() if through(each).reach.fields.get(name)]
        return able or self._built()

    async def _ready(self, record: Record) -> list[Door]:
        able = self._able(record)
        before = written_through.get()
        if before is not None and before[0] == self._product:
            looking = [each for each in able if not each.assisted]
            if looking:
                return sorted(looking, key=lambda each: each.name != before[1])
        if len(able) == 1:
            return able
        closed = await self._closings.standing(record.name, urgent=is_urgent())
        return [each for each in able if each.name not in closed] or able

    async def _is_next(self, record: Record, door: Door, problem: Problem) -> bool:
        if isinstance(problem, CLOSING):
            await self._close(record, door, problem, for_good=False)
            return True
        return is_urgent()

    async def _closes(self, record: Record, door: Door, problem: Problem, *, urgent: bool) -> bool:
        """Tell whether a write that failed may go through the next door: nothing was written."""
        if problem.upstream_writes:
            return False
        if isinstance(problem, CLOSING_WRITES):
            await self._close(record, door, problem, for_good=True)
            return True
        return urgent and not isinstance(problem, ManualStepRequired)

    async def _close(self, record: Record, door: Door, problem: Problem, *, for_good: bool) -> None:
        if len(self._able(record)) > 1:
            await self._closings.close(record.name, door.name, problem, for_good=for_good)

    async def _seen(self, door: Door, seen: Observed, record: Record) -> Observed:
        self._last = door
        if seen.confirmed != door.assisted:
            seen = replace(seen, confirmed=door.assisted)
        reach = through(door).reach
        return await self.accepted.narrowed(seen, door.name, reach, record, urgent=is_urgent())

    async def _write(self, door: Door, resource: Resource, change: Change, base: Observed) -> None:
        if not door.assisted:
            written_through.set((self._product, door.name))
        await through(door).write(resource, change, base)

    async def _write_next(self, order: _Order, failures: list[tuple[Door, Problem]]) -> None:
        record, tried = order.resource.record, {failures[0][0].name}
        written_through.set(None)  # nothing was written
        for door in [each for each in await self._ready(record) if each.name not in tried]:
            try:
                await self._write_through(door, order.resource, order.change, order.base)
            except Problem as problem:
                failures.append((door, problem))
                if not await self._closes(record, door, problem, urgent=order.urgent):
                    raise told(failures) from None
                written_through.set(None)
            else:
                return
        raise told(failures)

    async def _write_through(
        self, door: Door, resource: Resource, change: Change, base: Observed
    ) -> None:
        """Write through another door than the one that gave `base`: look afresh, compare, write."""
        if door.assisted:
            # The person is shown the way from what was read just now.
            await through(door).write(resource, change, base)
            return
        seen = await self._seen(door, await through(door).read(resource), resource.record)
        require_reach(door, resource, change)
        moved = sorted(
            path for path, value in seen.values.items() if base.values.get(path, value) != value
        )
        if moved or seen.exists != base.exists:
            what = ", ".join(moved) or "the record"
            msg = f"{door.name} shows another value of {what}; nothing was written, plan again."
            raise UpstreamChanged(msg)
        if change.secret is None and isinstance(base.secret, Secret):
            hides = not isinstance(seen.secret, Secret)
            change = replace(change, secret=base.secret) if hides else change
        await self._write(door, resource, change, seen)
