"""What a scripted person makes out on a page: the first form, and whether it says how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Attributes = list[tuple[str, str | None]]
_MARKED = {"data-reason", "data-signed-in"}


@dataclass
class Form:
    """A form: the values it came with, and which label belongs to which field."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def filled(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Give what is sent where every empty field whose label is known is answered."""
        known = {self.ids[each]: answers.get(label) for each, label in self.labels.items()}
        given = {name: text for name, text in known.items() if text and not self.values[name]}
        return self.values | given


@dataclass
class Seen:
    """A page: `reason` where it refuses, `signed_in` where it greets, else perhaps a form."""

    form: Form | None = None
    reason: str = ""
    signed_in: str = ""
    text: str = ""
    name: str = ""


def seen(html: str) -> Seen:
    """Read a page; whatever is no page at all gives nothing."""
    reader = _Reader()
    reader.feed(html)
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Seen()
        self._within, self._marked, self._for = "", False, ""
        self._is_over = False

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Note what matters of a tag."""
        given = {name: value or "" for name, value in attrs}
        self._within = tag
        self._marked = self._marked or bool(_MARKED & given.keys())
        self.page.reason = self.page.reason or given.get("data-reason", "")
        self.page.signed_in = self.page.signed_in or given.get("data-signed-in", "")
        if tag == "form" and self.page.form is None:
            self.page.form = Form(given.get("action", ""))
        elif self.page.form is not None and not self._is_over:
            self._field(self.page.form, tag, given)

    def _field(self, form: Form, tag: str, given: Mapping[str, str]) -> None:
        if tag == "label":
            self._for = given.get("for", "")
        elif tag in {"input", "select"}:
            form.values[given["name"]] = given.get("value", "")
            form.ids[given.get("id", given["name"])] = given["name"]
        elif tag == "button" and "name" in given:
            form.values.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Note where the form and what is marked end."""
        self._is_over = self._is_over or tag == "form"
        self._marked = self._marked and tag != "p"
        self._within = ""

    def handle_data(self, data: str) -> None:
        """Note labels, and the text of what is marked."""
        form = self.page.form
        if self._within == "label" and form is not None and not self._is_over:
            form.labels[self._for] = data.strip()
        if self._marked:
            self.page.text += data
            self.page.name = data if self._within == "strong" else self.page.name
