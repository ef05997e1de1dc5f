"""The REST conventions of iMIS: exact JSON, envelopes, pages, validation results.

Everything here is product facts 3.3: `$type` envelopes, `$values` collections, boxed primitives.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from imis_sso.domain.problems import UpstreamError, UpstreamPageChanged

Properties: TypeAlias = dict[str, Any]

TYPE: Final = "$type"
_VALUES: Final = "$values"
_VALUE: Final = "$value"


@dataclass(frozen=True)
class Number:
    """A fraction as the text it came in: a float would hand `1.10` back as `1.1`."""

    text: str


def parse(body: bytes) -> Any:
    """Read a JSON document; fractions become `Number`s, so that nothing is lost.

    Raises UpstreamError where it is none.
    """
    try:
        # .NET writes a byte order mark now and then, which RFC 8259 section 8.1 lets us ignore.
        text = body.decode("utf-8-sig")
        return json.loads(text, parse_float=Number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        # The decoder's own message quotes the body, which may hold a secret.
        raise UpstreamError("iMIS answered with something that is not JSON") from None


def serialise(value: Any) -> bytes:
    """Write a document: keys in their order, fractions as they came.

    Raises UpstreamError for a record nested too deep to have been meant.
    """
    try:
        return _text(value).encode("ascii")
    except RecursionError:
        raise UpstreamError("iMIS showed a record that is nested too deep to send back") from None


def unbox(value: Any) -> Any:
    """Give what is in a box like `{"$type": "System.Int32", "$value": 5}`, or the value itself."""
    return value[_VALUE] if _is_box(value) else value


def rebox(old: Any, new: Any) -> Any:
    """Put a new primitive into the box that the old one came in, if it came in one."""
    return {**old, _VALUE: new} if _is_box(old) else new


def members(value: Any, name: str) -> list[Any]:
    """Give the members of a collection, in its envelope or bare.

    Raises UpstreamPageChanged naming the collection where it is none.
    """
    found = value.get(_VALUES) if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise UpstreamPageChanged(f"iMIS answered without the collection {name}")
    return found


@dataclass(frozen=True, repr=False)
class Page:
    """One page of a list, and where the next one begins, if there is one."""

    items: list[Properties]
    next_offset: int | None


def page(document: Any, offset: int) -> Page:
    """Read the envelope of a list that was asked for from `offset` on.

    Raises UpstreamPageChanged where it is not a list of records.
    """
    envelope = document if isinstance(document, dict) else {}
    items = members(envelope.get("Items", document), "Items")
    if not all(isinstance(item, dict) for item in items):
        raise UpstreamPageChanged("iMIS answered with a list whose Items are not records")
    follows = envelope.get("HasNext") is True and bool(items)
    return Page(items, offset + len(items) if follows else None)


@dataclass(frozen=True)
class Violation:
    """One error of a validation: the property it blames and what iMIS says about it."""

    name: str
    message: str


def violations(document: Any) -> tuple[Violation, ...]:
    """Give the errors of a `ValidationResultsData`; none for anything else.

    The values that were refused are not among what is given: one of them may be the secret.
    """
    if not isinstance(document, dict) or document.get("IsValid") is True:
        return ()
    found = document.get("Errors")
    errors = members(found, "Errors") if isinstance(found, dict | list) else []
    listed = [_violation(each) for each in errors if isinstance(each, dict)]
    if not listed and document.get("IsValid") is False:
        listed = [Violation("", _word(document.get("Summary")))]
    return tuple(listed)


def is_granted(document: Any) -> bool:
    """Read the answer of `_haspermission`: bare, `{"Result": …}` or boxed (product facts 3.5)."""
    found = unbox(document)
    inner = found.get("Result") if isinstance(found, dict) else found
    return unbox(inner) is True


def _violation(error: Properties) -> Violation:
    return Violation(_word(error.get("FieldName")), _word(error.get("Message")))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_box(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {TYPE, _VALUE}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _text(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(key)}:{_text(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)
