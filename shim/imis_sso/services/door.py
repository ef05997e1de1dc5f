"""One door into a product, and what closes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imis_sso.domain.observed import Change
from imis_sso.domain.problems import (
    FieldError,
    Problem,
    ReachChanged,
    UpstreamCredentialsRefused,
    UpstreamLoginRequired,
    UpstreamNotLicensed,
    UpstreamPageChanged,
    UpstreamRefused,
)
from imis_sso.domain.resources import Resource
from imis_sso.services.closings import Closing
from imis_sso.services.guarded import Guarded

# A refusal of a write is about the values: another door would meet it too, or get round it.
CLOSING_WRITES: Final = (
    UpstreamNotLicensed,
    UpstreamPageChanged,
    UpstreamCredentialsRefused,
    UpstreamLoginRequired,
)
"""What closes a door on a write."""
CLOSING: Final = (*CLOSING_WRITES, UpstreamRefused)
"""What closes a door on a read."""


@dataclass(frozen=True)
class Door:
    """One connector of the registry's list.

    `barred` says why it is never used (then there is no connector). Behind an `assisted` one is a
    person: what it shows was confirmed, not read.
    """

    name: str
    connector: Guarded | None
    barred: str = ""
    assisted: bool = False


@dataclass(frozen=True)
class Standing:
    """How a door stands for one document: it serves, or why it does not."""

    door: Door
    state: str
    closing: Closing | None = None


def through(door: Door) -> Guarded:
    """Give what is behind a door that may serve; raises ValueError for another."""
    if door.connector is None:
        msg = f"{door.name} is not in use: {door.barred}"
        raise ValueError(msg)
    return door.connector


def require_reach(door: Door, resource: Resource, change: Change) -> None:
    """Raise `ReachChanged` where a door does not reach everything that a change sets."""
    able = through(door).reach.fields.get(resource.record.name, frozenset())
    missing = sorted(change.values.keys() - able)
    if missing:
        msg = (
            f"{door.name} serves {resource.path} now and cannot reach {', '.join(missing)}; "
            "nothing was written."
        )
        raise ReachChanged(msg, [FieldError(each, "is out of reach now") for each in missing])


def told(failures: Sequence[tuple[Door, Problem]]) -> Problem:
    """Give the problem to answer with: a person's step last of all, else the first one's."""
    if len(failures) == 1:
        return failures[0][1]
    last = failures[-1][1]
    chosen = last if not isinstance(last, CLOSING) else failures[0][1]
    others = [f"({door.name}: {each.detail})" for door, each in failures if each is not chosen]
    said = " ".join([chosen.detail, *others])
    answer = type(chosen)(said, chosen.errors, retry_after=chosen.retry_after)
    answer.upstream_writes = chosen.upstream_writes
    return answer
