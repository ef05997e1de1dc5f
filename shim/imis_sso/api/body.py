"""Reading JSON bodies that every reader understands alike (contract C43)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from imis_sso.domain.problems import (
    ContentTooLarge,
    InvalidSettings,
    MalformedJson,
    UnsupportedMediaType,
)

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 8
MAX_VALUES: Final = 500
"""Values in one body, at every depth: each unknown key among them is compared with all known."""
JSON_TYPE: Final = "application/json"
MERGE_PATCH_TYPE: Final = "application/merge-patch+json"


def require_json(content_type: str | None, method: str) -> None:
    """Raise `UnsupportedMediaType` unless the body is declared as JSON, or not declared at all."""
    if content_type is None:
        return
    essence, _, parameters = content_type.partition(";")
    allowed = {JSON_TYPE, MERGE_PATCH_TYPE} if method == "PATCH" else {JSON_TYPE}
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if essence.strip().lower() not in allowed or charset not in ("", "utf-8", "utf8"):
        msg = f"The body must be {' or '.join(sorted(allowed))} in UTF-8."
        raise UnsupportedMediaType(msg)


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises `ContentTooLarge`, `MalformedJson`, and `InvalidSettings` for JSON that is no object.
    """
    if len(body) > MAX_BYTES:
        raise too_large()
    value = _parse(body)
    _Check().value(value, 1)
    if not isinstance(value, dict):
        msg = "The body must be a JSON object with the document's keys."
        raise InvalidSettings(msg)
    return value


def too_large() -> ContentTooLarge:
    """Give the problem for a body over the limit."""
    return ContentTooLarge(f"The body may have at most {MAX_BYTES} bytes.")


def _parse(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        msg = f"The body is not valid UTF-8 at byte {error.start}."
        raise MalformedJson(msg) from None
    except json.JSONDecodeError as error:
        msg = (
            f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        )
        raise MalformedJson(msg) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        msg = "The body contains a number that is too large."
        raise MalformedJson(msg) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            msg = f"The key {key[:60]!r} is given twice."
            raise MalformedJson(msg)
        result[key] = value
    return result


def _constant(name: str) -> NoReturn:
    msg = f"{name} is not a JSON number."
    raise MalformedJson(msg)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        msg = f"The number {text[:40]} is too large."
        raise MalformedJson(msg)
    return number


def _too_deep() -> MalformedJson:
    return MalformedJson(f"The body is nested deeper than {MAX_DEPTH} levels.")


class _Check:
    """One walk through a parsed body."""

    def __init__(self) -> None:
        self._seen = 0

    def value(self, value: object, depth: int) -> None:
        self._count()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise _too_deep()
            for each in self._inside(value):
                self.value(each, depth + 1)

    def _inside(self, value: dict[str, Any] | list[Any]) -> Iterable[Any]:
        if isinstance(value, list):
            return value
        for key in value:
            _check_text(key)
        return value.values()

    def _count(self) -> None:
        self._seen += 1
        if self._seen > MAX_VALUES:
            msg = f"The body has more than {MAX_VALUES} values."
            raise MalformedJson(msg)


def _check_text(text: str) -> None:
    if "\x00" in text:
        msg = "The body contains a NUL character."
        raise MalformedJson(msg)
    if any("\ud800" <= character <= "\udfff" for character in text):
        msg = "The body contains half of a surrogate pair."
        raise MalformedJson(msg)
