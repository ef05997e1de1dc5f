"""What the doctor found at one environment: door by door, and what that means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from imis_sso.domain.claims import MARKS, claim
from imis_sso.domain.observed import Finding, Reach
from imis_sso.domain.resources import COLLECTIONS, RESOURCES, TEMPLATE, Product, Resource

READS: Final = "reads"
READS_AND_WRITES: Final = "reads and writes"
READS_ONLY: Final = "reads, may not write"
WRITING_OPEN: Final = "reads, writing is not known"
NOT_KNOWN: Final = "not known"
CLOSED: Final = "no"
OUT_OF_REACH: Final = "out of its reach"
WITHHELD: Final = "[withheld]"
_WORKS: Final = frozenset({READS, READS_AND_WRITES})
_SHORTEST: Final = 3


@dataclass(frozen=True)
class Door:
    """One connector that was tried, or that was not: then `untried` says why.

    `configured` tells that the registry has it serve this half. `version` is the product's, as this
    connector tells it.
    """

    product: Product
    connector: str
    configured: bool
    reach: Reach = field(default_factory=lambda: Reach({}))
    findings: tuple[Finding, ...] = ()
    untried: str = ""
    version: str = ""

    def capabilities(self) -> dict[str, str]:
        """Tell what the connector can do, by the resources and collections of its product."""
        found = {each.path: self._capability(each, each.path) for each in RESOURCES}
        found |= {
            each.path: self._capability(each.item(TEMPLATE), each.path) for each in COLLECTIONS
        }
        return {path: able for path, able in found.items() if path.startswith(f"{self.product}/")}

    @property
    def works(self) -> bool:
        """Whether it does all that it is there for.

        Collections count only where they are closed: an empty one shows nothing of its records.
        """
        whole = {each.path for each in RESOURCES}
        able = [
            each
            for path, each in self.capabilities().items()
            if each != OUT_OF_REACH and (path in whole or each == CLOSED)
        ]
        return bool(able) and all(each in _WORKS for each in able)

    def unreachable(self, path: str) -> tuple[str, ...]:
        """Give the fields of a resource that the connector never reaches."""
        found = next((each for each in RESOURCES if each.path == path), None)
        if found is None:
            return ()
        return self.reach.unreachable(found.record.name, found.document)

    def _capability(self, resource: Resource, path: str) -> str:
        if self.untried:
            return NOT_KNOWN
        if not self.reach.fields.get(resource.record.name):
            return OUT_OF_REACH
        reading = self._held(path, "read")
        if False in reading:
            return CLOSED
        if None in reading or not reading:
            return NOT_KNOWN
        return READS if resource.read_only else self._writing(path)

    def _writing(self, path: str) -> str:
        writing = self._held(path, "write")
        if False in writing:
            return READS_ONLY
        return READS_AND_WRITES if writing and None not in writing else WRITING_OPEN

    def _held(self, path: str, need: str) -> list[bool | None]:
        return [
            each.held
            for each in self.findings
            if each.need == need and (not each.resources or path in each.resources)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Give the door for a machine; shapes belong into a capture."""
        return {
            "product": self.product,
            "connector": self.connector,
            "configured": self.configured,
            "untried": self.untried,
            "version": self.version,
            "works": self.works,
            "resources": self.capabilities(),
            "findings": [_finding(each) for each in self.findings],
        }


@dataclass(frozen=True)
class Examination:
    """Every door of one environment. `private` are words that must not leave in a report.

    `rehearsals` are what was kept of rehearsals in this environment.
    """

    environment: str
    doors: tuple[Door, ...]
    private: tuple[str, ...] = field(default=(), repr=False)
    rehearsals: tuple[Mapping[str, Any], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every configured door works."""
        return all(each.works for each in self.doors if each.configured)

    def questions(self) -> Iterator[tuple[Product, str]]:
        """Give what to ask the vendors, once each."""
        asked = ((door.product, each.ask) for door in self.doors for each in door.findings)
        yield from dict.fromkeys((product, text) for product, text in asked if text)

    def capture(self) -> dict[str, Any]:
        """Give the shapes that were seen, by connector (docs/captures.md)."""
        shapes = {
            door.connector: {
                each.shape.name: each.shape.content for each in door.findings if each.shape
            }
            for door in self.doors
        }
        return {"format": 1, "connectors": {name: each for name, each in shapes.items() if each}}

    def as_dict(self) -> dict[str, Any]:
        """Give everything for a machine."""
        return {
            "environment": self.environment,
            "passed": self.passed,
            "doors": [each.as_dict() for each in self.doors],
            "questions": [
                {"product": product, "question": text} for product, text in self.questions()
            ],
        }


def _finding(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {
        "question": finding.question,
        "answer": finding.answer,
        "held": finding.held,
        "ask": finding.ask,
    }
    if finding.claim:
        said = claim(finding.claim)
        told["claim"] = {
            "id": said.id,
            "mark": said.mark,
            "meaning": MARKS[said.mark],
            "section": said.section,
            "text": said.text,
        }
    return told


def without(text: str, private: Iterable[str]) -> str:
    """Take private words out of a text, whatever their case; very short ones are none."""
    for word in sorted(set(private), key=len, reverse=True):
        if len(word) >= _SHORTEST:
            text = _replaced(text, word)
    return text


def _replaced(text: str, word: str) -> str:
    folded, sought, done = text.casefold(), word.casefold(), 0
    if len(folded) != len(text) or len(sought) != len(word):
        return text.replace(word, WITHHELD)
    pieces = []
    while (found := folded.find(sought, done)) >= 0:
        pieces += [text[done:found], WITHHELD]
        done = found + len(sought)
    return "".join([*pieces, text[done:]])


def holds_private(value: Mapping[str, Any] | Sequence[Any] | str, private: Sequence[str]) -> bool:
    """Tell whether anything in a document holds a private word."""
    if isinstance(value, Mapping):
        return any(holds_private(part, private) for pair in value.items() for part in pair)
    if isinstance(value, str):
        return without(value, private) != value
    return isinstance(value, Sequence) and any(holds_private(each, private) for each in value)
