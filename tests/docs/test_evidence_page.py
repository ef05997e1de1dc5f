"""docs/evidence.md is what the catalogue and the committed reports say, and README says no more."""

from __future__ import annotations

import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from imis_sso.domain.claims import CLAIMS
from imis_sso.domain.examination import Door, Examination
from imis_sso.domain.observed import Finding
from imis_sso.domain.tenant_report import report

ROOT = Path(__file__).resolve().parents[2]
NEVER = "Never run on a real tenant yet."


@pytest.fixture(scope="module")
def evidence() -> ModuleType:
    spec = importlib.util.spec_from_file_location("evidence_page", ROOT / "script/evidence_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_one_that_the_script_writes(evidence: ModuleType) -> None:
    """`script/evidence` brings it up to date."""
    reports = evidence.reports_in(ROOT / "docs/evidence")
    assert (ROOT / "docs/evidence.md").read_text("utf-8") == evidence.page(reports)
    assert (NEVER in (ROOT / "README.md").read_text("utf-8")) == (not reports)


def test_every_claim_has_its_row(evidence: ModuleType) -> None:
    text = evidence.page({})
    assert "No tenant has confirmed anything yet" in text
    for claim in CLAIMS:
        assert f"| `{claim.id}` | {claim.mark} | {claim.section} | {claim.text} |" in text


def seen() -> Examination:
    findings = (
        Finding("", "", held=True, claim="imis.record-served"),
        Finding("", "", held=True, claim="imis.validate"),
        Finding("", "", held=False, claim="imis.validate"),
        Finding("", "", held=None, claim="imis.unread-secret"),
        Finding("", "Example Association", held=True),
    )
    doors = (
        Door("imis", "imis_rest", configured=True, findings=findings, version="20.3.1"),
        Door("cloud-sso", "cloud_sso_dashboard", configured=True, version="Ada's dashboard"),
    )
    proof = {"claim": "imis.unread-secret", "held": True, "detail": "kept", "what": "the secret"}
    rehearsals = tuple(
        {"connector": "imis_rest", "version": version, "proofs": [{**proof, "held": held}]}
        for version, held in (("20.3.1", True), ("19.0", False))
    )
    return Examination("test", doors, ("Example Association",), rehearsals)


def test_a_report_tells_versions_and_claims_and_nothing_else() -> None:
    told = report(seen(), date(2026, 5, 4))
    assert told == {
        "format": 1,
        "date": "2026-05-04",
        "versions": {"imis": "20.3.1"},
        "claims": {"imis.record-served": True, "imis.unread-secret": True, "imis.validate": False},
    }


def test_a_report_becomes_a_row(evidence: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "tenant-a.json").write_text(json.dumps(report(seen(), date(2026, 5, 4))), "utf-8")
    text = evidence.page(evidence.reports_in(tmp_path))
    assert "| tenant-a | 2026-05-04 | 20.3.1 | `not told` |" in text
    assert "| tenant-a (2026-05-04) |  |\n| `imis.secret-shown`" in text  # the record is served
    assert "|  | tenant-a (2026-05-04) |\n| `imis.error-echo`" in text  # _validate wrote
    assert "No tenant" not in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "is no report of format 1"),
        ({"tenant": "Example Association"}, "is no report of format 1"),
        ({"claims": {"imis.nothing": True}}, "claims that are not known: imis.nothing"),
        ({"claims": {"imis.validate": "Ada"}}, "neither true nor false"),
    ],
)
def test_a_file_that_is_no_report_is_refused(
    evidence: ModuleType, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    found = report(seen(), date(2026, 5, 4)) | change
    (tmp_path / "a.json").write_text(json.dumps(found), "utf-8")
    with pytest.raises(ValueError, match=words):
        evidence.reports_in(tmp_path)
