"""Judging an emergency: what is broken, who can sign in, what a person does by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from imis_sso.domain.discovered import Discovered, Step
from imis_sso.domain.emergency import (
    CHECKS,
    Evidence,
    Report,
    judged,
    manual_step,
    sign_in,
)
from imis_sso.domain.problems import (
    AuditUnavailable,
    Problem,
    UpstreamCredentialsRefused,
    UpstreamNotLicensed,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.verdicts import CHECK_IDS, Check, Status, Verification

NOW = datetime(2026, 1, 1, 3, tzinfo=UTC)
ADDRESS = "https://sso.example.org/.well-known/openid-configuration"
ISSUER = "https://sso.example.org"
FOUND = Discovered(ADDRESS, expires=NOW + timedelta(days=90), issuer=ISSUER)
AGREE = Verification(tuple(Check(each, Status.PASSED, "", ()) for each in CHECK_IDS))
WELL = Evidence(None, None, None, "enabled", ISSUER, FOUND, verification=AGREE)
SSO = ("sso.name", "sso.reachable", "sso.certificate", "sso.discovery", "sso.issuer")


def statuses(evidence: Evidence) -> dict[str, str]:
    return {each.id: each.status.value for each in judged(evidence, NOW)}


def failed(evidence: Evidence) -> list[str]:
    return [name for name, status in statuses(evidence).items() if status == "failed"]


def test_where_all_is_well_every_check_passes_in_a_stable_order() -> None:
    found = statuses(WELL)
    assert tuple(found) == (*CHECKS, *CHECK_IDS)
    assert set(found.values()) == {"passed"}
    assert not Report("test", "enabled", None, judged(WELL, NOW)).broken


@pytest.mark.parametrize("problem", [UpstreamUnavailable("down"), UpstreamTimeout("slow")])
def test_an_imis_out_of_reach_is_one_failure_not_three(problem: Problem) -> None:
    found = statuses(replace(WELL, log_in=problem, record=problem))
    assert found["imis.reachable"] == "failed"
    assert found["imis.log-in"] == found["imis.record"] == "skipped"


@pytest.mark.parametrize(
    ("log_in", "record", "wrong"),
    [
        (UpstreamCredentialsRefused("no"), None, ["imis.log-in"]),
        (None, UpstreamNotLicensed("no"), ["imis.record"]),
        (UpstreamCredentialsRefused("no"), UpstreamCredentialsRefused("no"), ["imis.log-in"]),
        (AuditUnavailable("no"), AuditUnavailable("no"), ["imis.log-in"]),
        (UpstreamTimeout("slow"), None, []),
    ],
)
def test_log_in_and_record_are_told_apart(
    log_in: Problem | None, record: Problem | None, wrong: list[str]
) -> None:
    """A living session may still read where nobody logs in any more; contract C47."""
    evidence = replace(WELL, log_in=log_in, record=record)
    assert failed(evidence) == wrong
    if record is not None and log_in is not None:
        assert statuses(evidence)["imis.reachable"] == "skipped"


@pytest.mark.parametrize(("at", "step"), list(enumerate(Step)))
def test_each_step_to_the_sso_host_fails_alone(at: int, step: Step) -> None:
    evidence = replace(WELL, discovered=Discovered(ADDRESS, step, "why so"))
    found = statuses(evidence)
    expected = ["passed"] * at + ["failed"] + ["skipped"] * (4 - at)
    assert [found[each] for each in SSO] == expected
    (wrong,) = [each for each in judged(evidence, NOW) if each.status is Status.FAILED]
    assert "why so" in wrong.detail
    assert wrong.remedy


def test_without_an_address_nothing_of_the_host_is_said() -> None:
    found = statuses(replace(WELL, discovered=None))
    assert {found[each] for each in SSO} == {"skipped"}


@pytest.mark.parametrize(("days", "status"), [(31, "passed"), (30, "warning"), (0, "warning")])
def test_a_certificate_warns_before_it_ends(days: int, status: str) -> None:
    found = replace(FOUND, expires=NOW + timedelta(days=days))
    evidence = replace(WELL, discovered=found)
    assert statuses(evidence)["sso.certificate"] == status
    assert any(f"ends in {days} days" in each.detail for each in judged(evidence, NOW))


@pytest.mark.parametrize(("held", "status"), [(ISSUER, "passed"), (f"{ISSUER}/", "failed"), (None, "skipped")])  # fmt: skip
def test_the_issuer_is_equal_byte_for_byte(held: str | None, status: str) -> None:
    assert statuses(replace(WELL, issuer=held))["sso.issuer"] == status


def test_where_a_product_is_unread_its_settings_are_skipped() -> None:
    dashboard = UpstreamUnavailable("down")
    evidence = replace(WELL, dashboard=dashboard, verification=None)
    assert failed(evidence) == ["cloud-sso.dashboard"]
    assert {statuses(evidence)[each] for each in CHECK_IDS} == {"skipped"}


def test_who_can_sign_in_is_said_for_every_mode() -> None:
    """product facts 3.1."""
    for evidence in (WELL, replace(WELL, discovered=Discovered(ADDRESS, Step.CERTIFICATE, "x"))):
        told = sign_in(judged(evidence, NOW))
        assert list(told) == ["disabled", "test_mode", "enabled"]
        for each in told.values():
            assert "System administrators always keep iMIS credentials" in each
        assert "iMIS credentials only" in told["disabled"]
        assert "Staff may use either" in told["test_mode"]
        assert "only system administrators get in" in told["enabled"] or evidence is WELL


def test_a_broken_dashboard_stops_nobody_from_signing_in() -> None:
    evidence = replace(WELL, dashboard=UpstreamUnavailable("down"), verification=None)
    assert "As things are" not in sign_in(judged(evidence, NOW))["enabled"]


def test_the_manual_step_names_page_label_and_value() -> None:
    """product facts 2 and 3.1."""
    step = manual_step("https://members.example.org", "test_mode")
    for said in (
        "https://members.example.org",
        "system administrator, with iMIS credentials",
        "Settings > Contacts > OpenID Connect",
        '"OIDC authentication" to "Test mode"',
        "press Save",
    ):
        assert said in step
    assert '"Disabled"' in manual_step("", "disabled")
