"""The shape of a JSON document: names of properties and types, never a value (docs/captures.md).

Names go in only where they look like names of a contract: a map may have somebody's e-mail address
for a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

TYPE_KEY: Final = "$type"
WITHHELD: Final = "…"
"""Stands for a name that is not shown."""
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,63}")
_TYPE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.,+`\[\] ]{0,299}")
_DEEPEST: Final = 6
_MOST: Final = 100

Clean = Callable[[str], bool]
"""Tells whether a text is free of everything that is in play: secrets, names, addresses."""


def shape_of(value: Any, clean: Clean, depth: int = 0) -> Any:
    """Give the shape of a value: the name of its type, or an object of the shapes within it.

    A list is shown by the distinct shapes of its members. `$type` is kept, as it names a class.
    """
    if isinstance(value, Mapping):
        return _object(value, clean, depth)
    if isinstance(value, list):
        shapes: list[Any] = []
        for each in value[:_MOST]:
            found = shape_of(each, clean, depth + 1)
            if found not in shapes:
                shapes.append(found)
        return shapes
    return type_of(value)


def type_of(value: Any) -> str:
    """Give the JSON type of a plain value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "string" if isinstance(value, str) else "number"


def name_of(name: str, clean: Clean) -> str:
    """Give a property's name, or that it is withheld."""
    return name if _NAME.fullmatch(name) and clean(name) else WITHHELD


def type_name(value: Any, clean: Clean) -> str:
    """Give the class that a `$type` names, or that it is withheld."""
    fits = isinstance(value, str) and _TYPE_NAME.fullmatch(value) and clean(value)
    return value if fits else WITHHELD


def _object(value: Mapping[str, Any], clean: Clean, depth: int) -> Any:
    if depth >= _DEEPEST:
        return WITHHELD
    shown: dict[str, Any] = {}
    for name, each in list(value.items())[:_MOST]:
        if name == TYPE_KEY:
            shown[TYPE_KEY] = type_name(each, clean)
        else:
            shown[name_of(str(name), clean)] = shape_of(each, clean, depth + 1)
    return dict(sorted(shown.items()))
