"""How three generic providers compare a declared body with the answer of a GET, as pure functions.

Modelled on what the real binaries do; a function gives the paths in which it sees drift, so an
empty list is an empty plan. Bodies and answers are JSON texts, because that is what providers see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Model = Callable[[str | bytes, str | bytes], list[str]]


@dataclass(frozen=True)
class Number:
    """A number by its text: 1, 1.0 and "1" are three things."""

    text: str


def restapi_2(declared: str | bytes, answer: str | bytes) -> list[str]:
    """Mastercard/restapi 2: the whole document; a key of the answer nobody declared is drift.

    A declared null equals an absent or null one; objects are compared key by key, lists as wholes.
    """
    return sorted(_delta(json.loads(declared), json.loads(answer), ""))


def _delta(declared: dict[str, Any], answer: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, value in declared.items():
        seen, path = answer.get(key), f"{prefix}{key}"
        if value is None:
            if seen is not None:
                yield path
        elif isinstance(value, dict) and isinstance(seen, dict):
            yield from _delta(value, seen, f"{path}.")
        elif not _same(value, seen):
            yield path
    yield from (f"{prefix}{key}" for key in answer if key not in declared)


def restapi_3(declared: str | bytes, answer: str | bytes) -> list[str]:
    """Mastercard/restapi 3: documents equal after sorting keys, numbers compared as text."""
    first, second = (
        json.loads(text, parse_int=Number, parse_float=Number) for text in (declared, answer)
    )
    return sorted(_unlike(first, second))


def _unlike(declared: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    for key in declared.keys() | answer.keys():
        if key not in declared or key not in answer or not _same(declared[key], answer[key]):
            yield key


def restful(declared: str | bytes, answer: str | bytes) -> list[str]:
    """magodo/restful: the answer projected onto the declared keys, numbers as float64."""
    body = json.loads(declared, parse_int=float)
    seen = _projected(body, json.loads(answer, parse_int=float))
    return sorted(_differing(body, seen, ""))


def _projected(declared: Any, answer: Any) -> Any:
    if isinstance(declared, dict) and isinstance(answer, dict):
        return {key: _projected(value, answer.get(key)) for key, value in declared.items()}
    if isinstance(declared, list) and isinstance(answer, list) and len(declared) == len(answer):
        return [_projected(*each) for each in zip(declared, answer, strict=True)]
    return answer


def _differing(declared: Any, seen: Any, path: str) -> Iterator[str]:
    if isinstance(declared, dict) and isinstance(seen, dict):
        for key, value in declared.items():
            yield from _differing(value, seen[key], f"{path}.{key}" if path else key)
    elif not _same(declared, seen):
        yield path


def _same(first: Any, second: Any) -> bool:
    """Compare JSON values; Python alone takes True for 1."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            _same(first[key], second[key]) for key in first
        )
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_same, first, second))
    return isinstance(first, bool) == isinstance(second, bool) and first == second


MODELS: dict[str, Model] = {"restapi 2": restapi_2, "restapi 3": restapi_3, "restful": restful}
