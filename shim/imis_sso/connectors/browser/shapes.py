"""What a page is made of, for a capture: labels, kinds, options, buttons; never a value.

A label, button or option goes in only where it can be no value: it is one of the description's, or
it holds nothing of what the page shows and nothing that looks like an address or an account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from imis_sso.connectors.browser.description import LogInDescription, PageDescription
from imis_sso.connectors.browser.survey import SeenField, Survey
from imis_sso.domain.secret import is_mask
from imis_sso.domain.shapes import WITHHELD

_LONGEST: Final = 60
_TELLING: Final = re.compile(r"[@\d]|://|\\")
"""What an address, an account or a number has, and a label has not."""
_SHORTEST: Final = 4

Describes = PageDescription | LogInDescription


@cache
def script() -> str:
    """Give the script that tells how the controls of a page are made."""
    return files(__package__).joinpath("shape.js").read_text(encoding="utf-8")


class Words:
    """Which texts of a page may be told: those of its description, and those that tell nothing."""

    def __init__(self, page: Describes, survey: Survey, in_play: Iterable[str]) -> None:
        self._known = {each.casefold() for each in _described(page)}
        secret = (each for each in page.fields.values() if each.secret)
        self._secret = {name.casefold() for each in secret for name in each.names}
        shown = {each.value for each in survey.fields if each.value}
        self._shown = {each.casefold() for each in (*shown, *in_play) if len(each) >= _SHORTEST}

    def knows(self, text: str) -> bool:
        """Tell whether the description has this text."""
        return text.casefold() in self._known

    def hides(self, label: str) -> bool:
        """Tell whether the field of this label holds a secret."""
        return label.casefold() in self._secret

    def told(self, text: str) -> str:
        """Give the text, or that it is withheld."""
        folded = text.casefold()
        if self.knows(text):
            return text
        telling = _TELLING.search(text) or len(text) > _LONGEST
        holds = any(value in folded or folded in value for value in self._shown)
        return WITHHELD if telling or holds else text


def page_shape(
    page: Describes, survey: Survey, made: Sequence[Mapping[str, Any]], in_play: Iterable[str]
) -> dict[str, Any]:
    """Give the shape of a page: its fields, and its buttons and links as far as they are known.

    `made` is what `script()` gave. Buttons and links that the description does not name are only
    counted, for a person's name may be one; before a log-in, buttons are told.
    """
    words = Words(page, survey, in_play)
    ways = {str(each["label"]).casefold(): each for each in made}
    buttons = [each.name for each in survey.actions if not each.href]
    is_public = isinstance(page, LogInDescription)
    told = [words.told(each) for each in buttons if is_public or words.knows(each)]
    links = [each.name for each in survey.actions if each.href]
    return {
        "fields": [
            _field(each, words, ways.get(each.label.casefold(), {})) for each in survey.fields
        ],
        "buttons": sorted(told),
        "other_buttons": len(buttons) - len(told),
        "links": sorted(each for each in set(links) if words.knows(each)),
        "other_links": sum(not words.knows(each) for each in links),
    }


def _field(seen: SeenField, words: Words, made: Mapping[str, Any]) -> dict[str, Any]:
    is_known = words.knows(seen.label)
    return {
        "label": words.told(seen.label),
        "kind": seen.kind,
        "element": made.get("element", ""),
        "labelled": made.get("labelled", ""),
        "beside": sorted(words.told(str(each)) for each in made.get("beside", ())),
        "options": [words.told(each) for each in seen.options] if is_known else len(seen.options),
        "state": _state(seen) if words.hides(seen.label) else "",
    }


def _state(seen: SeenField) -> str:
    if seen.filled or is_mask(seen.value):
        return "masked"
    return "clear" if seen.value else "empty"


def _described(page: Describes) -> Iterable[str]:
    for field in page.fields.values():
        yield from (*field.names, *field.reveal)
        for texts in field.texts.values():
            yield from texts
    if isinstance(page, LogInDescription):
        yield from (*page.submit, *page.next, *page.choice)
        return
    for step in page.open:
        yield from step
    yield from page.save.button if page.save else ()
