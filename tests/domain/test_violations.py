"""Collecting violations, and naming what was probably meant (contract C11, C30)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.problems import (
    FieldError,
    InvalidSettings,
    NotCanonical,
    Problem,
    UnknownField,
    UntrustedHost,
)
from imis_sso.domain.violations import MAX_SAID, Violations, nearest, sentence


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dryrun", "dry_run"),
        ("DRY_RUN", "dry_run"),
        ("dry-run", "dry_run"),
        ("field", "fields"),
        ("inclde", "include"),
        ("forced", "force"),
        ("zzz", "dry_run"),
    ],
)
def test_the_nearest_known_name(name: str, expected: str) -> None:
    assert nearest(name, ["include", "fields", "force", "dry_run"]) == expected


@given(name=st.text(), known=st.lists(st.text(), min_size=1))
def test_the_nearest_is_known_and_does_not_depend_on_the_order(name: str, known: list[str]) -> None:
    assert nearest(name, known) in known
    assert nearest(name, known) == nearest(name, list(reversed(known)))


def test_where_nothing_is_known_nothing_is_near() -> None:
    with pytest.raises(ValueError, match="empty"):
        nearest("a", [])


def test_without_a_violation_nothing_is_raised() -> None:
    violations = Violations()
    violations.raise_if_any()
    assert violations.fields() == frozenset()


@pytest.mark.parametrize(
    ("kinds", "chosen"),
    [
        ([UnknownField], UnknownField),
        ([NotCanonical, NotCanonical], NotCanonical),
        ([UnknownField, NotCanonical], InvalidSettings),
        ([UntrustedHost], UntrustedHost),
        ([NotCanonical, UntrustedHost, InvalidSettings], UntrustedHost),
    ],
)
def test_the_type_of_the_whole(kinds: list[type[Problem]], chosen: type[Problem]) -> None:
    """One kind is itself; an untrusted host among them is never hidden."""
    violations = Violations()
    for number, kind in enumerate(kinds):
        violations.add(kind, f"f{number}", "is wrong", "right" if kind is NotCanonical else None)
    assert violations.fields() == {f"f{number}" for number in range(len(kinds))}
    with pytest.raises(Problem) as caught:
        violations.raise_if_any()
    assert type(caught.value) is chosen
    assert [each.field for each in caught.value.errors] == [f"f{n}" for n in range(len(kinds))]
    assert caught.value.detail.startswith("f0 is wrong")


def test_one_readable_sentence() -> None:
    """contract C30: providers print `detail` raw."""
    errors = [FieldError("a", "is wrong"), FieldError("b.c", "is odd", "even")]
    assert sentence(errors) == "a is wrong; b.c is odd."


@pytest.mark.parametrize(("count", "ending"), [(MAX_SAID, "19 x."), (MAX_SAID + 3, "and 3 more.")])
def test_a_sentence_stays_short(count: int, ending: str) -> None:
    errors = [FieldError(str(number), "x") for number in range(count)]
    assert sentence(errors).endswith(ending)
    assert sentence(errors).count(" x") == MAX_SAID
