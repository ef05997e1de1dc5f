"""Types of settings that know their canonical form and can name it (contract C10).

A form's function takes a text, returns its canonical form, and raises `ValueError` with a
sentence that says what is wrong and what the right form is. The empty text is canonical for
every text field (contract C9) and never reaches a form's function.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

MAX_TEXT: Final = 4096
MAX_BODY: Final = 32_768
DEFAULT_HTTPS_PORT: Final = 443

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_AUTHORITY = re.compile(rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9a-f:.]+\])(:[0-9]*)?")
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")


@dataclass(frozen=True)
class Form:
    """How a text must look: a name for the documentation and a function to its canonical form."""

    name: str
    canonical: Callable[[str], str]


def _bounded(value: str, limit: int) -> None:
    if len(value) > limit:
        msg = f"is {len(value)} characters long; at most {limit} are allowed"
        raise ValueError(msg)


def text(value: str) -> str:
    """Canonical form of a one-line text: no control characters, no white space at its ends."""
    _bounded(value, MAX_TEXT)
    stripped = value.strip()
    if _CONTROL.search(stripped):
        msg = "contains a line break or another control character; give a single line of text"
        raise ValueError(msg)
    return stripped


def body_text(value: str) -> str:
    """Canonical form of a text of several lines: verbatim, but for line ends, which are LF."""
    _bounded(value, MAX_BODY)
    if _CONTROL_BUT_BREAKS.search(value):
        msg = "contains a control character; only tabs and line breaks are allowed"
        raise ValueError(msg)
    return value.replace("\r\n", "\n").replace("\r", "\n")


def split_https(value: str) -> SplitResult:
    """Take an absolute https address apart (RFC 3986).

    Raises ValueError for everything that two readers could understand differently: other
    schemes, user names, fragments, back-slashes, characters outside RFC 3986, odd ports.
    """
    if not _URL_CHARACTERS.fullmatch(value):
        msg = "contains a character that no address may contain (RFC 3986); percent-encode it"
        raise ValueError(msg)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        msg = "is not an address; the right form is https://host/path"
        raise ValueError(msg) from None
    if parts.scheme.lower() != "https" or value[6:8] != "//":
        msg = "must be an https address; the right form is https://host/path"
        raise ValueError(msg)
    if port == 0 or not _AUTHORITY.fullmatch(parts.netloc.lower()):
        msg = "must name a plain host without user name; the right form is https://host/path"
        raise ValueError(msg)
    if "#" in value:
        msg = "must not have a fragment (#…)"
        raise ValueError(msg)
    return parts


def authority(parts: SplitResult) -> str:
    """Give `host` or `host:port` in canonical form: lower case, without the default port."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, DEFAULT_HTTPS_PORT) else f"{host}:{parts.port}"


def https_url(value: str) -> str:
    """Canonical form of an https address: lower-case scheme and host, no default port."""
    stripped = text(value)
    parts = split_https(stripped)
    query = f"?{parts.query}" if "?" in stripped else ""
    return f"https://{authority(parts)}{parts.path}{query}"


def base_url(value: str) -> str:
    """Canonical form of a base address: https, host only, ending with a slash (product 5)."""
    stripped = text(value)
    parts = split_https(stripped)
    if parts.path not in ("", "/") or "?" in stripped:
        msg = (
            "must be the bare base address, without path or query; "
            f"the right form is https://{authority(parts)}/"
        )
        raise ValueError(msg)
    return f"https://{authority(parts)}/"


def address_or_host(value: str) -> str:
    """Canonical form of an https address, or of a bare `host` or `host:port`."""
    stripped = text(value)
    if "/" in stripped:
        return https_url(stripped)
    return authority(split_https(f"https://{stripped}"))


Text = Annotated[str, Form("one line of text", text)]
BodyText = Annotated[str, Form("text, line ends LF", body_text)]
AddressOrHost = Annotated[str, Form("https address or host", address_or_host)]
HttpsUrl = Annotated[str, Form("https address", https_url)]
BaseUrl = Annotated[str, Form("https base address ending in a slash", base_url)]
