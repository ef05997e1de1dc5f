"""Merging a declaration onto what is live (contract C2, C6; RFC 7396)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from document_strategies import documents, partial
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.documents import OpenIDConnect, flatten
from imis_sso.domain.merge import merge, nulls_to_defaults

TREES = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=3), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.text(max_size=3), max_size=3),
    max_leaves=8,
)


# RFC 7396 appendix A, the rows in which nothing is null and both sides are objects.
@pytest.mark.parametrize(
    ("live", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({"a": {"b": "c", "d": "e"}}, {"a": {"b": "x"}}, {"a": {"b": "x", "d": "e"}}),
        ({"a": "b"}, {"a": {"b": "c"}}, {"a": {"b": "c"}}),
        ({"a": {"b": "c"}}, {"a": "b"}, {"a": "b"}),
        ({}, {}, {}),
    ],
)
def test_examples_of_rfc_7396(
    live: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert merge(live, patch) == expected


@given(live=TREES)
def test_nothing_declared_keeps_everything(live: dict[str, Any]) -> None:
    """contract C2."""
    assert merge(live, {}) == live
    assert merge(live, live) == live


@given(live=TREES, declared=TREES)
def test_what_is_declared_is_so_and_the_rest_is_kept(
    live: dict[str, Any], declared: dict[str, Any]
) -> None:
    """contract C2: at every depth."""
    before = copy.deepcopy((live, declared))
    merged = merge(live, declared)
    assert (live, declared) == before
    assert merge(merged, declared) == merged
    flat = flatten(merged)
    assert all(flat[path] == value for path, value in flatten(declared).items())
    assert set(merged) == set(live) | set(declared)


@given(data=st.data(), live=documents(OpenIDConnect))
def test_a_partial_declaration_never_resets_what_it_does_not_name(
    data: st.DataObject, live: OpenIDConnect
) -> None:
    """contract C2."""
    other = data.draw(documents(OpenIDConnect)).model_dump()
    declared = data.draw(partial(other))
    merged = flatten(merge(live.model_dump(), declared))
    named = flatten(declared)
    for path, value in flatten(live.model_dump()).items():
        assert merged[path] == named.get(path, value)


DEFAULTS = {"a": "x", "b": True, "c": {"d": "y", "e": "z"}}


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, {}),
        ({"a": None}, {"a": "x"}),
        ({"a": "q", "b": None}, {"a": "q", "b": True}),
        ({"c": None}, {"c": {"d": "y", "e": "z"}}),
        ({"c": {"d": None}}, {"c": {"d": "y"}}),
        ({"c": {"d": None, "e": "q"}}, {"c": {"d": "y", "e": "q"}}),
        ({"c": {"unknown": None}}, {"c": {"unknown": None}}),
        ({"unknown": None}, {"unknown": None}),
        ({"unknown": {"d": None}}, {"unknown": {"d": None}}),
        ({"a": {"d": None}}, {"a": {"d": None}}),
        ({"a": []}, {"a": []}),
    ],
)
def test_null_is_the_default_where_there_is_one(
    patch: dict[str, Any], expected: dict[str, Any]
) -> None:
    """contract C6: null = back to the default; a key without one stays null and is refused."""
    assert nulls_to_defaults(patch, DEFAULTS) == expected
