"""What a stranger can do on a web page towards signing in (product facts 3.1).

Inferred: what the public pages of a real iMIS look like is not documented. So nothing here depends
on one name: a form with a field for an e-mail address or a user name and without one for a password
sends the person to the provider, and a link that speaks of signing in leads to such a form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

NOBODY: Final = "nobody@example.org"
"""An address that nobody can have (RFC 2606): who asks in its name asks for nobody."""

_NAMES: Final = ("email", "e-mail", "mail", "user", "login", "signin", "account")
_SIGN_IN: Final = re.compile(r"\b(sign|log)[\s_-]?(in|on)\b", re.IGNORECASE)


@dataclass
class Form:
    """A form: where it is sent, how, and its fields in their order."""

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


class Page(HTMLParser):
    """A page's forms and links; `address` is its own. Bad HTML only has fewer of them."""

    def __init__(self, text: str, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self._address, self._in_form, self._in_link = address, False, False
        self._forms: list[Form] = []
        self._links: list[tuple[str, str]] = []
        self.feed(text)

    def address_form(self) -> Form | None:
        """Give the form that asks for an address first, None where there is none.

        One that is sent to another host is not taken.
        """
        fitting = (each for each in self._forms if each.asks_for_address())
        return next((each for each in fitting if self._is_here(each.action)), None)

    def sign_in_link(self) -> str | None:
        """Give where the first link leads that speaks of signing in, None where there is none."""
        speaking = (
            urljoin(self._address, href)
            for href, words in self._links
            if _SIGN_IN.search(words) or _SIGN_IN.search(urlsplit(href).path)
        )
        return next((each for each in speaking if urlsplit(each).scheme == "https"), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a form, a field of the one that is open, or a link."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._address, given.get("action", ""))
            self._forms.append(Form(action, given.get("method", "get").lower()))
            self._in_form = True
        elif tag in {"input", "button"} and self._in_form and "disabled" not in given:
            usual = "text" if tag == "input" else "submit"
            kind = given.get("type", usual).lower()
            self._forms[-1].inputs.append({**given, "type": kind})
        elif tag == "a" and given.get("href"):
            words = f"{given.get('aria-label', '')} {given.get('title', '')} "
            self._links.append((given["href"], words))
            self._in_link = True

    def handle_endtag(self, tag: str) -> None:
        """Close the form or the link."""
        if tag == "form":
            self._in_form = False
        elif tag == "a":
            self._in_link = False

    def handle_data(self, data: str) -> None:
        """Take the words of a link."""
        if self._in_link:
            href, words = self._links[-1]
            self._links[-1] = (href, f"{words}{data}")

    def _is_here(self, address: str) -> bool:
        return urlsplit(address).netloc == urlsplit(self._address).netloc


def _is_named_so(each: dict[str, str]) -> bool:
    words = f"{each.get('name', '')} {each.get('id', '')} {each.get('autocomplete', '')}".lower()
    return any(name in words for name in _NAMES)
