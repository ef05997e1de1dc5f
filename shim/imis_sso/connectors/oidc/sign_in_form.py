"""The form of a sign-in page that asks for an e-mail address first (product facts 3.1).

Inferred: what the public sign-in page of a real iMIS looks like is not documented. So nothing here
depends on names: a form with a field for an e-mail address or a user name and without a visible
field for a password is one that sends the person to the provider.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

NOBODY: Final = "nobody@example.org"
"""An address that nobody can have (RFC 2606): whoever is asked for it learns nothing."""

_NAMES: Final = ("email", "e-mail", "mail", "user", "login", "signin", "account")


@dataclass
class Form:
    """A form: where it is sent, and its fields in their order."""

    action: str
    method: str
    inputs: list[dict[str, str]] = field(default_factory=list)

    def asks_for_address(self) -> bool:
        """Whether it is sent with an address alone."""
        kinds = [each["type"] for each in self.inputs]
        return self.method == "post" and "password" not in kinds and self._address is not None

    def filled(self, address: str) -> dict[str, str]:
        """Give what a browser would send, by the first button."""
        sent = {
            each["name"]: each.get("value", "")
            for each in self.inputs
            if each["type"] == "hidden" and each.get("name")
        }
        button = next((each for each in self.inputs if each["type"] == "submit"), {})
        if button.get("name"):
            sent[button["name"]] = button.get("value", "")
        asked = self._address or {}
        return sent | {asked["name"]: address} if asked.get("name") else sent

    @property
    def _address(self) -> dict[str, str] | None:
        texts = [each for each in self.inputs if each["type"] in {"email", "text"}]
        named = [each for each in texts if each["type"] == "email" or _is_named_so(each)]
        return next((each for each in named if each.get("name")), None)


def address_form(page: str, address: str) -> Form | None:
    """Give the form of a page that asks for an address first, None where there is none.

    `address` is the page's own; a form that is sent to another host is not taken.
    """
    reader = _Forms(address)
    reader.feed(page)
    host = urlsplit(address).netloc
    return next(
        (
            each
            for each in reader.found
            if each.asks_for_address() and urlsplit(each.action).netloc == host
        ),
        None,
    )


def _is_named_so(each: dict[str, str]) -> bool:
    words = f"{each.get('name', '')} {each.get('id', '')} {each.get('autocomplete', '')}".lower()
    return any(name in words for name in _NAMES)


class _Forms(HTMLParser):
    """Collects the forms of a page. A page that is no good HTML simply has fewer of them."""

    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self._address, self._open = address, False
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a form, or a field of the one that is open."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._address, given.get("action", ""))
            self.found.append(Form(action, given.get("method", "get").lower()))
            self._open = True
        elif tag in {"input", "button"} and self._open and "disabled" not in given:
            usual = "text" if tag == "input" else "submit"
            kind = given.get("type", usual).lower()
            self.found[-1].inputs.append({**given, "type": kind})

    def handle_endtag(self, tag: str) -> None:
        """Close the form."""
        if tag == "form":
            self._open = False
