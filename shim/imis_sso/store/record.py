"""What is on record: the audit trail, what waits for it and where it goes, holds, the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from imis_sso.domain.audit import Checkpoint, Entry, Line, Selection
from imis_sso.domain.holds import Hold
from imis_sso.domain.intents import Intent
from imis_sso.domain.snapshots import Cause, Moment, Snapshot, State
from imis_sso.domain.spooled import Spooled


class Trail(Protocol):
    """The audit trail: one hash chain for each environment (contract section 7).

    Every method raises StoreUnavailable where the trail cannot be written or read.
    """

    async def append(self, entry: Entry, states: Sequence[State] = ()) -> tuple[str, ...]:
        """Append a line, signed, and keep states with it, all or nothing.

        Gives the id of the snapshot that each state led to.
        """

    async def append_once(self, entry: Entry) -> None:
        """Append a line unless there is one of its kind and write, whoever else tries the same."""

    async def open(self, entry: Entry, intent: Intent, found: Sequence[State]) -> str | None:
        """Append the line of a write that is about to begin, and hold its intent open.

        Keeps what was found before it, and gives the id of the snapshot with all of that; None
        where nothing was there.
        """

    async def close(self, entry: Entry, states: Sequence[State] = ()) -> tuple[str, ...]:
        """Append the line of an outcome and end the intent named by `entry.write`; as `append`."""

    async def intents(self, environment: str) -> Sequence[Intent]:
        """Give the intents without an outcome, the oldest first."""

    async def lines(
        self, environment: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Line]:
        """Give the lines behind number `after`, in their order."""

    async def find(self, environment: str, selection: Selection, limit: int) -> Sequence[Line]:
        """Give at most so many selected lines, in the selection's order."""

    async def checkpoints(self, environment: str) -> Sequence[Checkpoint]:
        """Give the signed checkpoints, in their order."""

    async def ends(self) -> Mapping[str, int]:
        """Give the number of the last line of each environment that has one."""

    async def checkpoint(self, environment: str, seq: int) -> Checkpoint | None:
        """Give the signed checkpoint of a line."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after each line that this process commits."""

    async def last_checkpoint(self, environment: str) -> Checkpoint | None:
        """Give the newest signed checkpoint, None on an empty trail."""

    async def has(self, environment: str, kind: str, write: str) -> bool:
        """Tell whether the trail has a line of this kind for a write."""


class Holds(Protocol):
    """Holds after an emergency (contract 1.2). Every method raises StoreUnavailable."""

    async def current(self, environment: str) -> Hold | None:
        """Give the hold that is stored."""

    async def put(self, hold: Hold, entries: Sequence[Entry]) -> None:
        """Store a hold in place of an older one and append its lines, all or nothing."""

    async def release(self, environment: str, entries: Sequence[Entry]) -> None:
        """Drop the hold and append the lines of its release, all or nothing."""


class History(Protocol):
    """Snapshots, and how they came to be (contract section 7). Raises StoreUnavailable."""

    async def moments(
        self, environment: str, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Moment]:
        """Give the entries below number `before`, the newest first."""

    async def last(self, environment: str, resource: str, causes: Sequence[Cause]) -> Moment | None:
        """Give the newest entry of a document with one of these causes."""

    async def snapshot(self, environment: str, name: str) -> Snapshot | None:
        """Give a snapshot by its id."""

    async def latest(self, environment: str) -> Snapshot | None:
        """Give the newest snapshot: the last known state of every document."""

    async def moment(self, environment: str, number: int) -> Moment | None:
        """Give the entry of a number."""

    async def beginning(self, environment: str, prefix: str) -> Sequence[str]:
        """Give the ids of the snapshots that begin with a text, at most two of them."""

    async def prune(self, environment: str) -> None:
        """Drop what the retention policy keeps no longer; most calls do nothing.

        Never dropped are the newest entries, a document's last state that we made, and the
        snapshots that a managed period or an open intent goes back to.
        """


class Deliveries(Protocol):
    """How far each sink of the audit trail has come. Raises StoreUnavailable."""

    async def get(self, sink: str, environment: str) -> int:
        """Give the number of the last line delivered, 0 for none."""

    async def put(self, sink: str, environment: str, seq: int) -> None:
        """Note the number of the last line delivered."""


class Spool(Protocol):
    """Signed lines in a file, while the trail cannot be written (contract 1.2)."""

    def add(self, entry: Entry) -> None:
        """Add an entry, signed and flushed to the disk. Raises StoreUnavailable."""

    def pending(self, environment: str) -> Sequence[Spooled]:
        """Give what was spooled and not merged, in its order; forged lines are left out."""

    def holds_any(self, environment: str) -> bool:
        """Tell whether anything was spooled and not cleared, forged lines included."""

    def clear(self, environment: str, merged: Sequence[Spooled]) -> None:
        """Drop lines that have been merged, and forged ones; what was added meanwhile stays."""
