"""Turning validation errors into sentences with the line and key they are about."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from imis_sso.domain.configuration import ConfigurationFault
from imis_sso.registry.tree import Key, Tree
from imis_sso.registry.unbuilt import (
    UNBUILT_KEYS,
    not_available,
)

_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "int_type": "a whole number",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
_SENTENCES: Final = {
    "int_parsing": "expected a whole number",
    "missing": "is missing",
    "string_pattern_mismatch": "may hold lower-case letters, digits and hyphens only",
    "string_too_long": "is too long",
    "too_short": "must not be empty",
}
_KINDS: Final = (
    (bool, "true or false"),
    (int | float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
    (dt.date, "a date"),
)


def explain(
    error: ValidationError, model: type[BaseModel], tree: Tree, prefix: Key = ()
) -> list[ConfigurationFault]:
    """Give one fault for each error of a model that was validated at `prefix` of the tree.

    No sentence repeats a value that may be a secret.
    """
    found = []
    for each in error.errors(include_url=False):
        if each["type"] == "too_short" and each["input"]:
            continue  # it is short of entries only because they are wrong themselves
        location = tuple(part for part in each["loc"] if part != "[key]")
        key = prefix + location
        found.append(tree.fault(key, sentence(each, model, location)))
    return found


def sentence(error: ErrorDetails, model: type[BaseModel], location: Key) -> str:
    """Say in one sentence what an error of a model is about; a value is never repeated."""
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    name = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        return unknown_key(name, _model_at(model, location[:-1]))
    if kind in ("literal_error", "enum"):
        return _not_among(value, str(context.get("expected", "")))
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {_kind(value)}"
    if kind == "value_error":
        return str(context.get("error", "is not valid"))
    if kind.startswith(("greater_than", "less_than")):
        bound = next(iter(context.values()), "")
        return f"must be at {'least' if kind.startswith('greater') else 'most'} {bound}"
    return _SENTENCES.get(kind, error["msg"])


def unknown_key(name: str, section: type[BaseModel]) -> str:
    """Say that a key is unknown and name the nearest one, or that it is not built yet."""
    if name in UNBUILT_KEYS:
        return not_available(f'the key "{name}"')
    known = _keys(section)
    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, 1, 0.5)
    if near:
        return f'unknown key; the nearest known one is "{near[0]}"'
    return f"unknown key; known here: {', '.join(known)}"


def _keys(section: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in section.model_fields.items()]


def _not_among(value: Any, expected: str) -> str:
    return f"expected {expected.replace(chr(39), '')}, found {_shown(value)}"


def _shown(value: Any) -> str:
    return "another text" if isinstance(value, str) else _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return next((words for types, words in _KINDS if isinstance(value, types)), "something else")


def _model_at(model: type[BaseModel], location: Key) -> type[BaseModel]:
    """Find the section that a place in the file belongs to."""
    section = model
    for part in location:
        by_key = {info.alias or name: info for name, info in section.model_fields.items()}
        if part in by_key:
            section = next(_models(by_key[str(part)].annotation), section)
    return section


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
