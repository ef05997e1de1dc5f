"""Making a product's own words fit to be passed on (contract C20, product facts 3.5)."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

from imis_sso.domain.secret import REDACTED, Secret

_LONGEST: Final = 200
_FRAGMENT: Final = 8
_TAG: Final = re.compile(r"<[^<>]*>?")
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f]+")


class Redactor:
    """Knows every secret in play, in every form in which a product may echo it."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        found = {form for secret in secrets if secret for form in _forms(secret.reveal())}
        self._forms = sorted(found, key=len, reverse=True)

    def sentence(self, text: str) -> str:
        """Give a text without secrets, tags and line ends, at most 200 characters of it.

        A text that still holds a piece of a secret is withheld as a whole.
        """
        for form in self._forms:
            text = re.sub(re.escape(form), REDACTED, text, flags=re.IGNORECASE)
        if self._holds_fragment(text):
            return REDACTED
        plain = _BLANK.sub(" ", _TAG.sub(" ", text)).strip()
        return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"

    def _holds_fragment(self, text: str) -> bool:
        # A product may cut what it echoes, and half a secret is still a secret.
        folded = text.casefold()
        return any(piece in folded for form in self._forms for piece in _pieces(form.casefold()))


def _forms(value: str) -> set[str]:
    encoded = value.encode("utf-8", "surrogateescape")
    return {
        value,
        quote(encoded, safe=""),
        quote(encoded),
        quote_plus(encoded),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }


def _pieces(form: str) -> Iterable[str]:
    return (form[start : start + _FRAGMENT] for start in range(len(form) - _FRAGMENT + 1))
