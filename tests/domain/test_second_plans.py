"""The second plan is empty, and drift is seen: under the comparison of each provider.

What the service would answer comes from its pure parts: merge and canonical bytes (targets S4).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from document_strategies import WRITABLE, documents, partial, values_of
from hypothesis import given
from hypothesis import strategies as st
from provider_models import MODELS, Model, restapi_2, restapi_3, restful

from imis_sso.domain.canonical import canonical_bytes, canonical_json
from imis_sso.domain.documents import Document, OpenIDConnect, Setting, flatten, nested
from imis_sso.domain.merge import merge
from imis_sso.domain.validation import check_shape

A_MODEL = st.sampled_from([*MODELS.values()])
KINDS = st.sampled_from(WRITABLE)


def put(live: Document, declared: dict[str, Any]) -> Document:
    """Give the document that PUT makes of what is live, as the service does (contract C2)."""
    model = type(live)
    check_shape(model, declared)
    return model.model_validate(merge(live.model_dump(), declared))


def remarshalled(body: dict[str, Any]) -> str:
    """Give a body as a provider sends or keeps it: other key order, other escapes, spaces."""
    return json.dumps(dict(reversed(body.items())), indent=1)


def projected(document: Document, body: dict[str, Any]) -> bytes:
    """Give the answer under `?fields=` with the top-level names of a body (contract C14)."""
    return canonical_json({key: document.model_dump()[key] for key in body})


@given(data=st.data(), kind=KINDS, model=A_MODEL)
def test_after_an_apply_the_second_plan_is_empty(
    data: st.DataObject, kind: type[Document], model: Model
) -> None:
    """targets R1, contract C13: whatever was live before."""
    live, wanted = data.draw(documents(kind)), data.draw(documents(kind))
    body = wanted.model_dump()
    stored = put(live, body)
    answer = canonical_bytes(stored)
    assert model(remarshalled(body), answer) == []
    assert canonical_bytes(put(stored, json.loads(answer))) == answer


@given(data=st.data(), kind=KINDS, model=A_MODEL)
def test_every_changed_field_is_drift_and_the_apply_repairs_it_alone(
    data: st.DataObject, kind: type[Document], model: Model
) -> None:
    """targets R2: the plan names exactly that field."""
    document = data.draw(documents(kind))
    setting = data.draw(st.sampled_from(kind.settings()))
    drifted = mutated(data, document, setting)
    body = remarshalled(document.model_dump())
    named = setting.path if model is not restapi_3 else setting.path.partition(".")[0]
    assert model(body, canonical_bytes(drifted)) == [named]
    assert put(drifted, document.model_dump()) == document


def mutated(data: st.DataObject, document: Document, setting: Setting) -> Document:
    held = document.values()[setting.path]
    other = data.draw(values_of(setting).filter(lambda value: value != held))
    change = nested({setting.path: other})
    return type(document).model_validate(merge(document.model_dump(), change))


@given(document=documents(OpenIDConnect), model=A_MODEL, key=st.sampled_from(["ref", "version"]))
def test_a_rotated_secret_is_drift(document: OpenIDConnect, model: Model, key: str) -> None:
    """contract C22: its version, and its reference where it no longer fits."""
    name = f"client_secret_{key}"
    changed = document.model_copy(update={name: f"{getattr(document, name)}x"})
    assert model(remarshalled(document.model_dump()), canonical_bytes(changed)) == [name]


@given(data=st.data(), kind=KINDS)
def test_a_partial_declaration_under_restful(data: st.DataObject, kind: type[Document]) -> None:
    """contract C2: what is not declared is neither reset nor drift, at every depth."""
    live, wanted = data.draw(documents(kind)), data.draw(documents(kind))
    body = data.draw(partial(wanted.model_dump()))
    stored = put(live, body)
    assert restful(remarshalled(body), canonical_bytes(stored)) == []
    kept = flatten(live.model_dump()) | flatten(body)
    assert flatten(stored.model_dump()) == kept
    setting = data.draw(st.sampled_from(kind.settings()))
    drift = restful(remarshalled(body), canonical_bytes(mutated(data, stored, setting)))
    assert drift == ([setting.path] if setting.path in flatten(body) else [])


@pytest.mark.parametrize("model", [restapi_2, restapi_3], ids=["restapi 2", "restapi 3"])
@given(data=st.data(), kind=KINDS)
def test_a_partial_declaration_with_fields_under_restapi(
    model: Model, data: st.DataObject, kind: type[Document]
) -> None:
    """contract C14: `?fields=` is for strict providers with partial documents."""
    live, wanted = data.draw(documents(kind)), data.draw(documents(kind))
    names = data.draw(st.lists(st.sampled_from([*kind.model_fields]), unique=True))
    body = {name: wanted.model_dump()[name] for name in names}
    stored = put(live, body)
    assert model(remarshalled(body), projected(stored, body)) == []
    rest = sorted(set(kind.model_fields) - set(names))
    assert model(remarshalled(body), canonical_bytes(stored)) == rest
    setting = data.draw(st.sampled_from(kind.settings()))
    drift = model(remarshalled(body), projected(mutated(data, stored, setting), body))
    assert bool(drift) is (setting.path.partition(".")[0] in body)


# The models themselves: declared, answer, and the drift that each of them sees.
@pytest.mark.parametrize(
    ("declared", "answer", "two", "three", "rest"),
    [
        ({}, {}, [], [], []),
        ({"a": "x"}, {"a": "x"}, [], [], []),
        ({"a": "x"}, {"a": "y"}, ["a"], ["a"], ["a"]),
        ({"a": "x"}, {"a": "x", "b": "y"}, ["b"], ["b"], []),
        ({"a": "x"}, {}, ["a"], ["a"], ["a"]),
        ({"a": None}, {}, [], ["a"], []),
        ({"a": None}, {"a": None}, [], [], []),
        ({"a": None}, {"a": "x"}, ["a"], ["a"], ["a"]),
        ({"a": ""}, {"a": None}, ["a"], ["a"], ["a"]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, ["a.c"], ["a"], []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b"], ["a"], ["a.b"]),
        ({"a": {"b": 1}}, {"a": "x"}, ["a"], ["a"], ["a"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a"], ["a"], ["a"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, ["a"], ["a"], []),
        ({"a": [1]}, {"a": [1, 2]}, ["a"], ["a"], ["a"]),
        ({"a": 1}, {"a": 1.0}, [], ["a"], []),
        ({"a": 1}, {"a": "1"}, ["a"], ["a"], ["a"]),
        ({"a": 1}, {"a": True}, ["a"], ["a"], ["a"]),
        ({"a": False}, {"a": 0}, ["a"], ["a"], ["a"]),
        ({"a": False}, {}, ["a"], ["a"], ["a"]),
    ],
)
def test_what_each_provider_sees(
    declared: dict[str, Any],
    answer: dict[str, Any],
    two: list[str],
    three: list[str],
    rest: list[str],
) -> None:
    texts = remarshalled(declared), json.dumps(answer)
    assert (restapi_2(*texts), restapi_3(*texts), restful(*texts)) == (two, three, rest)
