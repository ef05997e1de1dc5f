"""Compares a page with its description. Pure: a survey in, findings out.

A missing, doubled or re-typed field is found here, and what the page has in its place is named
(product facts 4.5: nothing of a page may be taken for granted).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from imis_sso.connectors.browser.description import FieldDescription, Kind
from imis_sso.connectors.browser.survey import SeenAction, SeenField, SeenKind, Survey

_MAX_LABELS: Final = 12
_MAX_LABEL: Final = 40
_KIND_WORDS: Final[Mapping[SeenKind, str]] = {
    "text": "a text field",
    "textarea": "a text area",
    "select": "a drop-down list",
    "checkbox": "a checkbox",
    "secret": "a password field",
    "shown": "only shown",
    "list": "a list",
}
# Unknown: whether shown values are read-only fields (product facts 4.2). An editable field can be
# read as well; it is reported as a difference, and no write fills it in.
_ACCEPTED: Final[Mapping[Kind, frozenset[SeenKind]]] = {
    "text": frozenset({"text"}),
    "textarea": frozenset({"textarea"}),
    "select": frozenset({"select"}),
    "checkbox": frozenset({"checkbox"}),
    "secret": frozenset({"secret"}),
    "shown": frozenset({"shown", "text", "textarea"}),
    "list": frozenset({"list"}),
}


@dataclass(frozen=True, repr=False)
class Comparison:
    """A page beside its description: fields that fit, and what is wrong with the others.

    `faults` are sentences by field; `absent` are those of fields that may be missing and are;
    `warnings` are differences that stop nobody; `present` tells whether any of the described fields
    that are not optional is on the page at all.
    """

    seen: Mapping[str, SeenField]
    faults: Mapping[str, str]
    warnings: tuple[str, ...]
    present: bool
    absent: Mapping[str, str]

    def blocking(self, touched: Collection[str]) -> tuple[str, ...]:
        """Give what is wrong with the named fields: a write cannot do without any of them."""
        wrong = {**self.absent, **self.faults}
        return tuple(text for name, text in wrong.items() if name in touched)


def compare(fields: Mapping[str, FieldDescription], survey: Survey) -> Comparison:
    """Find every described field on a page."""
    hits = {name: _hits(each.names, survey.fields) for name, each in fields.items()}
    wrong = {
        name: fault
        for name, each in fields.items()
        if (fault := _fault(each, hits[name], survey)) is not None
    }
    absent = {
        name: fault
        for name, fault in wrong.items()
        if not hits[name] and (fields[name].optional or _is_hidden(fields[name], fields, hits))
    }
    faults = {name: fault for name, fault in wrong.items() if name not in absent}
    seen = {name: found[0] for name, found in hits.items() if found and name not in faults}
    present = any(hits[name] for name, each in fields.items() if not each.optional)
    return Comparison(seen, faults, _warnings(fields, seen), present, absent)


def _is_hidden(
    field: FieldDescription,
    fields: Mapping[str, FieldDescription],
    hits: Mapping[str, Sequence[SeenField]],
) -> bool:
    """Tell whether a select of the page says that the field is not shown (product facts 3.5)."""
    return any(
        len(hits[other]) == 1 and value_of(fields[other], hits[other][0]) in values
        for other, values in field.hidden_with.items()
    )


def _hits(names: Sequence[str], fields: Sequence[SeenField]) -> list[SeenField]:
    wanted = {name.casefold() for name in names}
    return [each for each in fields if each.label.casefold() in wanted]


def _fault(field: FieldDescription, hits: Sequence[SeenField], survey: Survey) -> str | None:
    if not hits:
        return _missing(field.label, survey.field_labels())
    if len(hits) > 1:
        return f'"{field.label}" is there {len(hits)} times'
    seen = hits[0]
    if seen.kind in _accepted(field):
        return None
    expected = _KIND_WORDS[field.kind]
    return f'"{field.label}" is {_KIND_WORDS[seen.kind]}, expected: {expected}'


def _accepted(field: FieldDescription) -> frozenset[SeenKind]:
    # A shown secret may sit in a password box, where only dots can be seen.
    return _ACCEPTED[field.kind] | ({"secret"} if field.secret else frozenset())


def nearest_label(label: str, found: Sequence[str]) -> str:
    """Give the label that is most like another one, the empty text where none is at all."""
    near = difflib.get_close_matches(label, found, n=1, cutoff=0.5)
    return near[0] if near else ""


def _missing(label: str, found: Sequence[str]) -> str:
    listed = ", ".join(f'"{each[:_MAX_LABEL]}"' for each in found[:_MAX_LABELS]) or "no fields"
    more = f" and {len(found) - _MAX_LABELS} more" if len(found) > _MAX_LABELS else ""
    near = nearest_label(label, found)
    nearest = f'; nearest: "{near[:_MAX_LABEL]}"' if near else ""
    return f'"{label}" is missing (the page has {listed}{more}{nearest})'


def _warnings(
    fields: Mapping[str, FieldDescription], seen: Mapping[str, SeenField]
) -> tuple[str, ...]:
    return tuple(
        f'"{fields[name].label}" can be edited, expected: only shown'
        for name, each in seen.items()
        if fields[name].kind == "shown" and each.kind in {"text", "textarea"}
    )


def find_link(names: Sequence[str], survey: Survey) -> SeenAction | str:
    """Find the one link or button of the navigation that goes by a name; earlier names win.

    Gives a sentence where there is none, or where several lead to different places.
    """
    return _find_action(names, survey.actions)


def find_button(names: Sequence[str], survey: Survey) -> SeenAction | str:
    """Find the one button, links apart, that goes by a name; earlier names win.

    Gives a sentence where there is none, where there are several, or where it cannot be pressed.
    """
    found = _find_action(names, [each for each in survey.actions if not each.href])
    if isinstance(found, SeenAction) and not found.enabled:
        return f'"{found.name}" cannot be pressed'
    return found


def _find_action(names: Sequence[str], actions: Sequence[SeenAction]) -> SeenAction | str:
    for name in names:
        hits = [each for each in actions if each.name.casefold() == name.casefold()]
        if len(hits) == 1 or (hits and hits[0].href and len({each.href for each in hits}) == 1):
            return hits[0]
        if hits:
            return f'"{name}" is there {len(hits)} times'
    found = list(dict.fromkeys(each.name for each in actions))
    return _missing(names[0], found).replace("no fields", "no buttons or links")


def value_of(field: FieldDescription, seen: SeenField) -> str | bool | None:
    """Give a field's value in the model's terms; None where a select shows an unknown text."""
    if field.kind == "checkbox":
        return seen.checked
    if field.kind != "select":
        return seen.value
    shown = seen.value.casefold()
    known = ((value, {text.casefold() for text in texts}) for value, texts in field.texts.items())
    return next((value for value, texts in known if shown in texts), None)


def filling(field: FieldDescription, seen: SeenField, value: str | bool) -> str | bool | int | None:
    """Give what to put into a field for a value; None where a select has no such option."""
    if field.kind != "select":
        return value
    wanted = {text.casefold() for text in field.texts.get(str(value), ())}
    hits = [index for index, text in enumerate(seen.options) if text.casefold() in wanted]
    return hits[0] if len(hits) == 1 else None
