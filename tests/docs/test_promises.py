"""Every promise is on docs/promises.md, with the tests that prove it, or is openly not proved yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import named_tests
import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "promises.md").read_text("utf-8")
_ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+?) \| (.*?) \| ([^|]+?) \|$", re.MULTILINE)

RELIABILITY = [f"R{number}" for number in range(1, 12)]
SECURITY = [f"S{number}" for number in range(1, 7)]
PERFORMANCE = [f"P{number}" for number in range(1, 9)]

#: Lines that may be `open`. A line that is proved is taken out here, and none is added.
STILL_OPEN: set[str] = set()


class Promise(NamedTuple):
    key: str
    words: str
    proof: str
    status: str


PROMISES = {row[0]: Promise(*row) for row in _ROW.findall(PAGE)}


def test_every_promise_is_there_once_and_in_order() -> None:
    keys = [row[0] for row in _ROW.findall(PAGE)]
    assert keys == RELIABILITY + SECURITY + PERFORMANCE
    assert len(re.findall(r"^\| [A-Z]\d+ \|", PAGE, re.MULTILINE)) == len(keys)


@pytest.mark.parametrize("key", RELIABILITY + SECURITY)
def test_what_is_called_proved_names_tests_that_exist(key: str) -> None:
    """A test that was renamed, removed or skipped proves nothing."""
    promise = PROMISES[key]
    assert named_tests.not_there(promise.proof) == []
    if promise.status == "proved":
        assert named_tests.named(promise.proof)
        assert key not in STILL_OPEN, "proved: take it out of the list"
    else:
        assert re.fullmatch(r"open: \S.{10,}", promise.status)
        assert key in STILL_OPEN, f"{key} must be proved"


def test_every_proof_is_a_name_that_can_be_checked() -> None:
    """Nothing between the names but commas: a misspelt reference would be passed over."""
    for promise in PROMISES.values():
        shown = [f"`{file}::{name}`" for file, name in named_tests.named(promise.proof)]
        assert promise.proof == ", ".join(shown), promise.key


@pytest.mark.parametrize("key", PERFORMANCE)
def test_what_is_measured_later_says_so(key: str) -> None:
    assert PROMISES[key].status in ("later: benchmarks", "measured")


@pytest.mark.parametrize(
    "reference",
    [
        "tests/docs/test_promises.py::test_that_nobody_wrote",
        "tests/docs/test_nowhere.py::test_every_promise_is_there_once_and_in_order",
        "tests/docs/named_tests.py::named",
    ],
)
def test_a_proof_that_is_not_there_is_seen(reference: str) -> None:
    assert named_tests.not_there(f"`{reference}`") == [reference]


def test_a_proof_that_is_there_is_found() -> None:
    name = "tests/docs/test_promises.py::test_a_proof_that_is_there_is_found"
    assert named_tests.not_there(f"x `{name}` y") == []
    assert named_tests.named(f"x `{name}` y") == [tuple(name.split("::"))]
