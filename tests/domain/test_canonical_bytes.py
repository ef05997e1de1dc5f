"""Canonical bytes and entity tags (contract C13, C34)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from document_strategies import any_document
from hypothesis import example, given
from hypothesis import strategies as st

from imis_sso.domain.canonical import canonical_bytes, canonical_json, etag
from imis_sso.domain.documents import Document, ImisSsoSettings, OpenIDConnect

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
UNSPACED = st.text(st.characters(exclude_characters=" ", exclude_categories=("Cs",)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, b"{}"),
        ({"b": 1, "a": True}, b'{"a":true,"b":1}'),
        ({"B": "", "a": ""}, b'{"B":"","a":""}'),
        ({"b": {"d": "x", "c": []}}, b'{"b":{"c":[],"d":"x"}}'),
        ({"a": "<b>&"}, b'{"a":"\\u003cb\\u003e\\u0026"}'),
        ({"a": "\u2028\u2029"}, b'{"a":"\\u2028\\u2029"}'),
        ({"<": 1}, b'{"\\u003c":1}'),
        ({"a": "é漢😀"}, '{"a":"é漢😀"}'.encode()),
        ({"a": '"\\/'}, b'{"a":"\\"\\\\/"}'),
        ({"a": "\n\t\r"}, b'{"a":"\\n\\t\\r"}'),
        ({"a": "\\u003c"}, b'{"a":"\\\\u003c"}'),
        ({"\U0001f600": 1, "\uffff": 2}, '{"\uffff":2,"\U0001f600":1}'.encode()),
    ],
)
def test_bytes_are_those_of_terraforms_jsonencode(value: dict[str, Any], expected: bytes) -> None:
    """contract C13."""
    assert canonical_json(value) == expected


@given(value=st.dictionaries(st.text(), JSON))
@example(value={"a": "\\u003c<"})
def test_reading_the_bytes_gives_the_value_back(value: dict[str, Any]) -> None:
    text = canonical_json(value).decode()
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


@given(value=st.dictionaries(UNSPACED, UNSPACED | st.booleans() | st.lists(UNSPACED)))
def test_keys_are_sorted_and_no_space_is_added(value: dict[str, Any]) -> None:
    text = canonical_json(value).decode()
    assert " " not in text
    assert list(json.loads(text)) == sorted(value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_does_not_know_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": number})


@given(document=any_document())
def test_the_bytes_of_a_document_give_the_same_document(document: Document) -> None:
    """contract C13: PUT what GET gave, get the same bytes."""
    content = canonical_bytes(document)
    again = type(document).model_validate(json.loads(content))
    assert again == document
    assert canonical_bytes(again) == content


@given(document=any_document())
def test_the_entity_tag_is_strong_and_quoted(document: Document) -> None:
    """contract C34, RFC 9110 8.8.3."""
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag(document))


@given(pair=st.tuples(any_document(), any_document()))
def test_the_entity_tag_tells_documents_apart(pair: tuple[Document, Document]) -> None:
    first, second = pair
    assert (etag(first) == etag(second)) == (canonical_bytes(first) == canonical_bytes(second))


def test_an_entity_tag_covers_every_field() -> None:
    """contract C34: over the whole document, the secret's version included."""
    plain = OpenIDConnect()
    tags = {etag(plain)}
    for key, value in plain.model_dump().items():
        other = (not value) if isinstance(value, bool) else "other"
        other = {"claim_type": "other", "claim_value": "1"} if isinstance(value, dict) else other
        tags.add(etag(OpenIDConnect.model_validate(plain.model_dump() | {key: other})))
    assert len(tags) == 1 + len(OpenIDConnect.model_fields)
    assert etag(ImisSsoSettings()) == etag(ImisSsoSettings())
