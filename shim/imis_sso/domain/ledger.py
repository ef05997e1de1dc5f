"""What the service remembers of its own writes (contract C5, C22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class StoreUnavailable(Exception):  # noqa: N818  # the store's state, not an error of ours
    """The store cannot be read or written now: its disk is full, it is locked, or out of reach."""


@dataclass(frozen=True)
class AppliedSecret:
    """What the last write recorded of a document's secret: its name, and its fingerprint then.

    The name may be empty: a write that gave no name counts too (contract C22).
    """

    ref: str
    version: str


@dataclass(frozen=True)
class ManagedPeriod:
    """The time from the first managed write of a resource to the DELETE after it (contract C5).

    `ended_at` is None while the period lasts; the last write stays known after its end. `found` is
    the snapshot of what was there before the period's first write, None where none was taken.
    """

    environment: str
    resource: str
    started_at: datetime
    last_write_at: datetime
    last_writer: str
    ended_at: datetime | None = None
    found: str | None = None

    @property
    def lasts(self) -> bool:
        """Whether the resource is being managed."""
        return self.ended_at is None
