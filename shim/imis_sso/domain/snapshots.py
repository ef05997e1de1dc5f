"""Snapshots: the settings of an environment at one time, named by their content (contract 7). Pure.

A snapshot holds documents and fingerprints, never a secret: a document's secret is there as its
reference and its version.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from imis_sso.domain.canonical import canonical_json
from imis_sso.domain.documents import Document, flatten, nested

Content = Mapping[str, Any]
"""A document as it is kept: nested, without the fields that the connector cannot reach."""


def content_of(document: Document, unreachable: Iterable[str]) -> Content:
    """Give a document as snapshots keep it: what the connector cannot reach is left out."""
    left_out = frozenset(unreachable)
    flat = flatten(document.model_dump())
    return nested({path: value for path, value in flat.items() if path not in left_out})


class Cause(enum.StrEnum):
    """Why a state was kept."""

    FOUND = "found"
    """It was there before a write of ours: what a person left, or what was adopted."""
    WRITTEN = "written"
    """A write of ours made it, and it was read back."""
    SETTLED = "settled"
    """An interrupted write was found applied by reading (contract 7)."""
    RESTORED = "restored"
    """A restore put it back, and it was read back."""
    CONFIRMED = "confirmed"
    """A person did a step of ours by hand, and said so."""


OURS: Final = (Cause.WRITTEN, Cause.SETTLED, Cause.RESTORED, Cause.CONFIRMED)
"""Causes of states that we made; `FOUND` is what others made."""


@dataclass(frozen=True)
class State:
    """One document's state, to be kept."""

    resource: str
    content: Content
    cause: Cause


@dataclass(frozen=True)
class Snapshot:
    """The documents of an environment, by path; its id is the hash of them."""

    environment: str
    documents: Mapping[str, Content]

    @property
    def text(self) -> str:
        """The documents in canonical JSON."""
        return canonical_json({"documents": dict(self.documents)}).decode()

    @property
    def id(self) -> str:
        """The first 32 hexadecimal digits of the SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @classmethod
    def of(cls, environment: str, text: str) -> Snapshot:
        """Read a snapshot's text back."""
        return cls(environment, json.loads(text)["documents"])

    def having(self, state: State) -> Snapshot:
        """Give the snapshot with one document replaced."""
        return Snapshot(self.environment, {**self.documents, state.resource: dict(state.content)})


@dataclass(frozen=True)
class Moment:
    """One entry of an environment's history: which snapshot came to be, when, why and by whom.

    `seq` is the line of the audit trail that tells more.
    """

    number: int
    environment: str
    at: datetime
    snapshot: str
    cause: Cause
    resource: str
    who: str
    seq: int
