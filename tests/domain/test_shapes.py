"""A shape has names and types, and no value (docs/captures.md)."""

from __future__ import annotations

from typing import Any

import pytest
from leak_scan import canary

from imis_sso.domain.shapes import WITHHELD, shape_of

SECRET = canary("shape")


def clean(text: str) -> bool:
    return "ada" not in text.casefold()


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("text", "string"),
        ("", "string"),
        (5, "integer"),
        (5.5, "number"),
        (True, "boolean"),
        (None, "null"),
        ([], []),
        ([1, 2, "x", "y"], ["integer", "string"]),
        ({"B": 1, "A": {"$type": "Asi.X, Asi.Contracts", "V": ""}}, {"A": {"$type": "Asi.X, Asi.Contracts", "V": "string"}, "B": "integer"}),
        ({"$type": "System.Int32", "$value": 5}, {"$type": "System.Int32", "$value": "integer"}),
    ],
)  # fmt: skip
def test_the_shape_of_a_value(value: Any, shape: Any) -> None:
    assert shape_of(value, clean) == shape


@pytest.mark.parametrize(
    "name",
    ["ada@example.org", SECRET, "Ada", "BelongsToAda", "two words", "5", "", "x" * 65, "naïve"],
)
def test_a_name_that_tells_something_is_withheld(name: str) -> None:
    assert shape_of({name: 1}, clean) == {WITHHELD: "integer"}


@pytest.mark.parametrize("kind", [SECRET, "", "Ada's class", "Asi.Ada", 5, {"a": 1}, "x" * 301])
def test_a_type_that_is_none_is_withheld(kind: Any) -> None:
    assert shape_of({"$type": kind, "A": 1}, clean) == {"$type": WITHHELD, "A": "integer"}


def test_what_is_nested_deep_or_endless_is_cut() -> None:
    deep: Any = SECRET
    for _ in range(50):
        deep = {"A": deep}
    assert SECRET not in str(shape_of(deep, clean))
    assert len(shape_of({f"A{number}": 1 for number in range(1000)}, clean)) == 100


def test_no_value_is_left() -> None:
    document = {"A": SECRET, "B": [SECRET, {"C": SECRET}], SECRET: SECRET, "D": {SECRET: {SECRET}}}
    assert SECRET not in str(shape_of(document, clean))
