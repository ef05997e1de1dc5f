"""Snapshots: settings named by their content, never a secret (contract section 7)."""

from __future__ import annotations

from document_strategies import documents
from hypothesis import given

from imis_sso.domain.documents import Document, OpenIDConnect
from imis_sso.domain.snapshots import Cause, Snapshot, State, content_of


@given(documents(OpenIDConnect))
def test_the_id_is_the_content_and_the_text_reads_back(document: Document) -> None:
    state = State("imis/openid-connect", content_of(document, ()), Cause.WRITTEN)
    made = Snapshot("test", {}).having(state)
    assert made.documents["imis/openid-connect"] == document.model_dump()
    assert Snapshot.of("test", made.text) == made
    assert made.id == Snapshot("other", {}).having(state).id
    changed = Snapshot("test", {}).having(State("imis/openid-connect", {"name": "x"}, state.cause))
    assert changed.id != made.id


def test_what_is_out_of_reach_is_left_out() -> None:
    content = content_of(OpenIDConnect(), ("email_body", "user_authentication.claim_type"))
    assert "email_body" not in content
    assert content["user_authentication"] == {"claim_value": "1"}


def test_another_document_stays_as_it_is() -> None:
    first = State("a", {"x": "1"}, Cause.FOUND)
    second = State("b", {"y": "2"}, Cause.WRITTEN)
    both = Snapshot("test", {}).having(first).having(second)
    assert both.documents == {"a": {"x": "1"}, "b": {"y": "2"}}
    assert len(both.id) == 32
