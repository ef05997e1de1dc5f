"""What a connector saw of a product's record, and what it is asked to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from imis_sso.domain.bindings import Entry
from imis_sso.domain.documents import Document, Values
from imis_sso.domain.secret import ObservedSecret, Secret, Unreadable


@dataclass(frozen=True, repr=False)
class Observed:
    """A record as the product showed it.

    `values` are by dotted path, the fields of every document on the record together; a field that
    the connector cannot reach is not among them. `raw` is the connector's own form of the record,
    for merging a write onto it; nobody else looks into it. `exists` is False where the product
    has no record yet. `entries` are the records of a list, or of a record from a list itself.
    `confirmed` tells that a person said so and nobody read it.

    What follows is not the connector's to fill in but that of the doors, which know several: `by`
    names the connector that was there, `reach` is what may be used of its reach, `withheld` are
    fields that it reaches and nobody has accepted yet, `lost` those that were accepted and that it
    cannot reach (contract 1.1).
    """

    values: Values
    secret: ObservedSecret = Unreadable.ABSENT
    raw: object = None
    exists: bool = True
    entries: tuple[Entry, ...] = ()
    confirmed: bool = False
    by: str = ""
    reach: Reach | None = None
    withheld: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Observed(exists={self.exists}, fields={sorted(self.values)})"

    def document_values(self, document: type[Document]) -> dict[str, str | bool]:
        """Give the document's fields: seen ones as seen, the others at their default."""
        return {path: self.values.get(path, value) for path, value in document.defaults().items()}


@dataclass(frozen=True, repr=False)
class Change:
    """What a write changes: values by dotted path, and the secret to put into the record.

    `secret` is None where the record's own secret stays: a connector that replaces whole records
    then sends back what it read in clear, and leaves out what it could not read. `removes` asks
    for the record to be deleted: an item of a collection only. `secret_ref` is the name by which
    the caller gave the secret, for a connector that must tell a person where it is.
    """

    values: Mapping[str, str | bool] = field(default_factory=dict)
    secret: Secret | None = None
    removes: bool = False
    secret_ref: str = ""

    def __bool__(self) -> bool:
        return bool(self.values) or self.secret is not None or self.removes

    def __repr__(self) -> str:
        said = f"fields={sorted(self.values)}, secret={self.secret is not None}"
        return f"Change({said}{', removes' if self.removes else ''})"


@dataclass(frozen=True)
class Reach:
    """Which fields a connector can reach, by the name of the record."""

    fields: Mapping[str, frozenset[str]]

    def unreachable(self, record: str, document: type[Document]) -> tuple[str, ...]:
        """Give the document's fields that are out of reach, in the order of their declaration."""
        reachable = self.fields.get(record, frozenset())
        return tuple(each.path for each in document.settings() if each.path not in reachable)


@dataclass(frozen=True)
class Shape:
    """What an answer or a page is made of: names, kinds and forms, never a value.

    `name` is the file it becomes in a capture.
    """

    name: str
    content: Mapping[str, Any]


Need = Literal["", "read", "write"]


@dataclass(frozen=True)
class Finding:
    """One sentence of a connector about the real product, for `imis-sso doctor`.

    `held` is None where the question is still open. `claim` is the id of what it speaks of in the
    catalogue (`domain/claims.py`). Without a finding that is `need`ed the connector cannot read, or
    cannot write, the `resources` named by their paths; none named are all of the connector's.
    `ask` is what to ask the vendor, `shape` what was seen.
    """

    question: str
    answer: str
    held: bool | None = None
    claim: str = ""
    need: Need = ""
    resources: tuple[str, ...] = ()
    ask: str = ""
    shape: Shape | None = None
