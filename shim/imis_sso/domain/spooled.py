"""A line of the spool: what was said while the audit trail could not be written (contract 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.canonical import canonical_json


@dataclass(frozen=True)
class Spooled:
    """An entry with the time it was made, the key that signed it and the signature.

    `number` is the line it stands in, counted from 1.
    """

    entry: Entry
    at: str
    key: str
    signature: str
    number: int = 0

    @property
    def name(self) -> str:
        """What tells this line from every other: the start of its signature."""
        return self.signature[:32]

    def statement(self) -> bytes:
        """Give the bytes that are signed."""
        return spool_statement(self.entry, self.at)

    def merged(self) -> Entry:
        """Give the entry that takes it into the trail; the signature goes with it."""
        kept = {"signature": self.signature, "key": self.key, "at": self.at}
        facts = {"entry": entry_as_dict(self.entry), "spool": kept}
        entry = self.entry
        return Entry(
            entry.environment, Kind.SPOOLED, entry.who, entry.resource, self.name, facts=facts
        )


def spool_statement(entry: Entry, at: str) -> bytes:
    """Give the bytes that a spooled entry's signature covers."""
    return canonical_json({"at": at, "entry": entry_as_dict(entry)})


def entry_as_dict(entry: Entry) -> dict[str, Any]:
    """Give an entry as the spool writes it."""
    return {
        "environment": entry.environment,
        "kind": entry.kind.value,
        "who": entry.who,
        "resource": entry.resource,
        "write": entry.write,
        "address": entry.origin.address,
        "reason": entry.origin.reason,
        "claims": dict(entry.origin.claims),
        "facts": dict(entry.facts),
    }


def entry_of(stored: Mapping[str, Any]) -> Entry:
    """Read an entry back. Raises KeyError, ValueError and TypeError for what is none."""
    origin = Origin(str(stored["address"]), str(stored["reason"]), dict(stored["claims"]))
    return Entry(
        str(stored["environment"]),
        Kind(stored["kind"]),
        str(stored["who"]),
        str(stored["resource"]),
        str(stored["write"]),
        origin,
        dict(stored["facts"]),
    )
