"""What the service remembers of its own writes (contract C5, C22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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

    `ended_at` is None while the period lasts; the last write stays known after its end.
    """

    environment: str
    resource: str
    started_at: datetime
    last_write_at: datetime
    last_writer: str
    ended_at: datetime | None = None

    @property
    def lasts(self) -> bool:
        """Whether the resource is being managed."""
        return self.ended_at is None
