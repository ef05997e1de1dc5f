"""What is visible on a page, as plain values (architecture: fields are found by role and label)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

SeenKind = Literal["text", "textarea", "select", "checkbox", "secret", "shown", "list"]


@dataclass(frozen=True, repr=False)
class SeenField:
    """One visible labelled field; `index` is its place in the survey.

    `value` is empty for a password box, whose `filled` tells whether it holds anything; of a list
    it is an entry a line. `target` is the origin that its form sends to, `sends` the method and
    path. Its repr has neither value
    nor label.
    """

    index: int
    label: str
    kind: SeenKind
    value: str
    checked: bool
    filled: bool
    options: tuple[str, ...]
    objection: str
    target: str
    required: bool = False
    sends: str = ""

    def __repr__(self) -> str:
        return f"SeenField({self.index}, {self.kind})"


@dataclass(frozen=True)
class SeenAction:
    """One visible button or link; `href` is empty unless it is a link.

    `modal` tells that it is in a dialog of the page; `sends` is method and path of its form.
    """

    index: int
    name: str
    enabled: bool
    href: str
    target: str
    sends: str = ""
    modal: bool = False


@dataclass(frozen=True, repr=False)
class Survey:
    """A page at one moment. `document` changes with every load; `markers` are those asked for."""

    origin: str
    document: str
    loaded: bool
    fields: tuple[SeenField, ...]
    actions: tuple[SeenAction, ...]
    alerts: tuple[str, ...]
    statuses: tuple[str, ...]
    markers: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Survey({list(self.field_labels())})"

    def field_labels(self) -> tuple[str, ...]:
        """Give the labels found, without any that shows a value (they go into messages)."""
        values = {each.value for each in self.fields if each.value}
        return tuple(each.label for each in self.fields if not _shows(each.label, values))


def _shows(label: str, values: set[str]) -> bool:
    return any(value in label or label in value for value in values)


def survey_of(found: Mapping[str, Any]) -> Survey:
    """Build a survey from what the script answers."""
    return Survey(
        origin=found["origin"],
        document=found["document"],
        loaded=found["loaded"],
        fields=tuple(_field(index, each) for index, each in enumerate(found["fields"])),
        actions=tuple(SeenAction(index, **each) for index, each in enumerate(found["actions"])),
        alerts=tuple(found["alerts"]),
        statuses=tuple(found["statuses"]),
        markers=tuple(found["markers"]),
    )


def _field(index: int, found: Mapping[str, Any]) -> SeenField:
    return SeenField(index, **{**found, "options": tuple(found["options"])})


@cache
def script() -> str:
    """Give the script that looks at a page and acts on it."""
    return files(__package__).joinpath("survey.js").read_text(encoding="utf-8")
