"""Differences between two states of a document (contract C2, C15)."""

from __future__ import annotations

from document_strategies import any_document, documents, values_of
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.difference import FieldChange, difference, differing
from imis_sso.domain.documents import Document, OpenIDConnect, nested


@given(document=any_document())
def test_equal_documents_do_not_differ(document: Document) -> None:
    assert difference(document, document) == ()


@given(data=st.data(), before=documents(OpenIDConnect))
def test_a_change_of_one_field_is_named_with_both_values(
    data: st.DataObject, before: OpenIDConnect
) -> None:
    """contract C15: field, before, after."""
    setting = data.draw(st.sampled_from(OpenIDConnect.settings()))
    value = data.draw(values_of(setting))
    held = before.values()[setting.path]
    secret = {key: getattr(before, key) for key in ("client_secret_ref", "client_secret_version")}
    after = OpenIDConnect.model_validate(nested(before.values() | secret | {setting.path: value}))
    expected = () if held == value else (FieldChange(setting.path, held, value),)
    assert difference(before, after) == expected
    assert [each.as_dict() for each in difference(after, before)] == [
        {"field": each.field, "before": each.after, "after": each.before} for each in expected
    ]


@given(pair=st.tuples(documents(OpenIDConnect), documents(OpenIDConnect)))
def test_differences_are_complete_and_sorted(pair: tuple[OpenIDConnect, OpenIDConnect]) -> None:
    before, after = pair
    changes = difference(before, after)
    assert [each.field for each in changes] == sorted({each.field for each in changes})
    assert (changes == ()) == (before == after)
    assert {each.field for each in changes} == {each.field for each in difference(after, before)}


def test_the_versions_of_a_secret_are_part_of_a_difference() -> None:
    before = OpenIDConnect()
    after = before.model_copy(update={"client_secret_version": "v1-0000000000000000"})
    assert difference(before, after) == (
        FieldChange("client_secret_version", "", "v1-0000000000000000"),
    )


def test_a_key_that_was_not_there_differs_from_nothing() -> None:
    assert differing({"a": 1}, {"a": 1, "b": 2}) == (FieldChange("b", None, 2),)
    assert differing({"a": 1, "b": 2}, {"a": 1}) == ()
