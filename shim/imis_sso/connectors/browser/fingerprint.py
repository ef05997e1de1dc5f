"""What a page is made of, without anything that it holds, and what changed of it. Pure.

A fingerprint has three parts: each described field, the way to save, and the rest of the page. It
is the same whatever the values, the ids, the markup, the host, the order and the numbers in labels.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.structure import Comparison, find_button
from imis_sso.connectors.browser.survey import SeenAction, SeenField, Survey

_DIGITS: Final = 16
_NUMBER: Final = re.compile(r"\d+")
_MAX_SHOWN: Final = 60

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Changed:
    """One difference: of which part (a field's name, `save` or `rest`), and a sentence on it."""

    part: str
    text: str


@dataclass(frozen=True)
class Fingerprint:
    """A page's structure: `fields` by the model's names, `save`, and the `rest` by digests.

    An entry of the rest is keyed by a digest of its label, which could show a value; its text is
    kept only where it does not.
    """

    fields: Mapping[str, Part]
    save: Part
    rest: Mapping[str, str]

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Self:
        """Take what `as_json` gave."""
        return cls(content["fields"], content["save"], content["rest"])

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON: structure alone, no value of the page."""
        return {"fields": dict(self.fields), "save": dict(self.save), "rest": dict(self.rest)}

    @property
    def digest(self) -> str:
        """A short name: the same for pages of the same structure, whichever their environment."""
        return _digest([self.fields, self.save, sorted(self.rest)])

    def with_fields(self, more: Mapping[str, Part]) -> Fingerprint:
        """Give it with fields added that it did not know."""
        return Fingerprint({**more, **self.fields}, self.save, self.rest)


def fingerprint(page: PageDescription, survey: Survey, compared: Comparison) -> Fingerprint:
    """Take the fingerprint of a page as it was seen."""
    if page.records is not None:
        survey = _without_addresses(survey)
    described = {each.index for each in compared.seen.values()}
    others = [each for each in survey.fields if each.index not in described]
    button = find_button(page.save.button, survey) if page.save is not None else ""
    save = button if isinstance(button, SeenAction) else None
    return Fingerprint(
        fields={
            name: _field(survey.fields[seen.index], survey)
            for name, seen in sorted(compared.seen.items())
        },
        save={} if save is None else _save(save, others, survey),
        rest=_rest(others, save, survey),
    )


def _without_addresses(survey: Survey) -> Survey:
    """Leave out where forms send to: each record's form has an address of its own."""
    return replace(
        survey,
        fields=tuple(replace(each, sends=_way_of(each.sends)) for each in survey.fields),
        actions=tuple(replace(each, sends=_way_of(each.sends)) for each in survey.actions),
    )


def _way_of(sends: str) -> str:
    return sends.partition(" ")[0]


def _field(seen: SeenField, survey: Survey) -> dict[str, Any]:
    return {
        "label": _folded(seen.label),
        "kind": seen.kind,
        # The entries of a list are what the page holds, those of a select what it is made of.
        "options": sorted({_folded(each) for each in seen.options if seen.kind == "select"}),
        "required": seen.required,
        "sends": seen.sends,
        "own": seen.target == survey.origin,
    }


def _save(button: SeenAction, others: Collection[SeenField], survey: Survey) -> dict[str, Any]:
    # A field that must be filled in and that nobody described is in the way of every save.
    asked = [each for each in others if each.required and each.sends == button.sends]
    return {
        "button": _folded(button.name),
        "sends": button.sends,
        "own": button.target == survey.origin,
        "asks": sorted(_digest(_numberless(each.label)) for each in asked),
    }


def _rest(others: Collection[SeenField], save: SeenAction | None, survey: Survey) -> dict[str, str]:
    values = [each.value for each in survey.fields if each.value]
    found: list[tuple[str, str]] = [(each.label, each.kind) for each in others]
    found += [(each.name, "button") for each in survey.actions if not each.href and each != save]
    return {
        _digest([_numberless(label), kind]): _speakable(label, values)
        for label, kind in sorted(found)
    }


def _speakable(label: str, values: Collection[str]) -> str:
    shows = any(each in label or label in each for each in values)
    return "" if shows else label[:_MAX_SHOWN]


def _folded(text: str) -> str:
    return text.casefold()


def _numberless(text: str) -> str:
    return _NUMBER.sub("#", text.casefold())


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def changes(accepted: Fingerprint, now: Fingerprint) -> tuple[Changed, ...]:
    """Say what is not as it was accepted. A field that was not there then is no change."""
    found = [
        Changed(name, f'"{part["label"]}" {text}')
        for name, part in accepted.fields.items()
        if name in now.fields
        for text in _differences(part, now.fields[name])
    ]
    found += [Changed("save", f"saving: {text}") for text in _saving(accepted.save, now.save)]
    gone = [text for key, text in accepted.rest.items() if key not in now.rest]
    new = [text for key, text in now.rest.items() if key not in accepted.rest]
    found += [Changed("rest", f"{_named(each)} is gone") for each in gone]
    return (*found, *(Changed("rest", f"{_named(each)} is new") for each in new))


def _named(label: str) -> str:
    return f'"{label}"' if label else "something that is not described"


def _differences(was: Part, now: Part) -> Iterator[str]:
    if was["label"] != now["label"]:
        yield f'is called "{now["label"]}" now'
    if was["kind"] != now["kind"]:
        yield f"was of the kind {was['kind']}, and is {now['kind']} now"
    if was["options"] != now["options"]:
        yield f"has other options now ({_options(was['options'], now['options'])})"
    if was["required"] != now["required"]:
        yield "must be filled in now" if now["required"] else "need not be filled in any more"
    if (was["sends"], was["own"]) != (now["sends"], now["own"]):
        yield "is sent elsewhere, or in another way, now"


def _options(was: Collection[str], now: Collection[str]) -> str:
    told = [f'new: "{each}"' for each in now if each not in was]
    return ", ".join([*told, *(f'gone: "{each}"' for each in was if each not in now)])


def _saving(was: Part, now: Part) -> Iterator[str]:
    if not was or not now:
        return
    if was["button"] != now["button"]:
        yield f'the button "{was["button"]}" is called "{now["button"]}" now'
    if (was["sends"], was["own"]) != (now["sends"], now["own"]):
        yield "the form is sent elsewhere, or in another way, now"
    if was["asks"] != now["asks"]:
        yield "other fields that nobody described must be filled in now"
