"""Profiles: what simulators make of a capture that no variant covers (docs/captures.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imis_sso.simulators import Profile, Simulation
from imis_sso.simulators.imis.manners import Manners, shaped

REFUSED: dict[str, Any] = {"status": 403, "media_type": "", "reason": "", "challenge": False}


@pytest.mark.parametrize(
    ("seen", "body", "headers"),
    [
        ({"form": "json", "body": {"Message": "string"}}, '{"Message":"Example"}', {"content-type": "application/json"}),
        ({"form": "html"}, "<!doctype html><p>Refused</p>", {"content-type": "text/html; charset=utf-8"}),
        ({"form": "text", "reason": "other"}, "Refused", {"x-reason-phrase": "other"}),
        ({"form": "empty", "status": 401, "challenge": True}, "", {"www-authenticate": "Bearer"}),
        ({"form": "html", "status": 200}, "<!doctype html><p>Refused</p>", {}),
    ],
)  # fmt: skip
def test_a_refusal_is_answered_as_it_was_seen(
    seen: dict[str, Any], body: str, headers: dict[str, str]
) -> None:
    answer = Manners({"metadata": REFUSED | seen}).refusal("metadata")
    assert answer is not None
    assert answer.status_code == (REFUSED | seen)["status"]
    assert bytes(answer.body).decode() == body
    assert headers.items() <= dict(answer.headers).items()


def test_what_answered_with_data_is_no_refusal() -> None:
    assert Manners({"metadata": {"status": 200, "form": "json"}}).refusal("metadata") is None
    assert Manners().refusal("metadata") is None


@pytest.mark.parametrize(
    ("document", "shape", "dressed"),
    [
        ({"A": 1, "B": 2}, {"A": "integer"}, {"A": 1}),
        ({"A": 1}, {"A": "string", "C": "boolean"}, {"A": "Example", "C": True}),
        ({"A": 1}, {"A": {"$type": "X", "V": "number"}}, {"A": {"$type": "X", "V": 1.5}}),
        ({"A": [{"B": 1}]}, {"A": [{"C": "null"}]}, {"A": [{"C": None}]}),
        ({"A": [1, 2]}, {"A": []}, {"A": [1, 2]}),
        ({}, {"A": ["string", "integer"]}, {"A": ["Example", 1]}),
        ({}, {"Authority": "string"}, {"Authority": "https://example.org/"}),
    ],
)
def test_a_document_takes_the_shape_that_was_seen(document: Any, shape: Any, dressed: Any) -> None:
    assert shaped(document, shape) == dressed


def test_every_environment_of_a_simulation_behaves_like_the_tenant(tmp_path: Path) -> None:
    record = {"properties": {"ProviderId": "string", "NewFlag": "boolean"}, "secret": "masked"}
    records = {"status": 200, "count": "one", "active": "—", "form": "json"}
    shapes = {"records": [record | {"defaults": "omitted", "enums": "names"}]}
    capture = {"format": 1, "connectors": {"imis_rest": {"records": records | shapes}}}
    (tmp_path / "capture.json").write_text(json.dumps(capture), "utf-8")
    simulation = Simulation(tmp_path / "s", profile=Profile.load(tmp_path))
    try:
        for name in simulation.environments:
            imis = simulation.imis(name)
            assert (imis.variant.imis_secret, imis.variant.imis_enums) == ("masked", "names")
            assert imis.record["NewFlag"] is True
            assert "Authority" not in imis.record
            imis.reset(state=True)
            assert imis.record["NewFlag"] is True
    finally:
        simulation.stop()
