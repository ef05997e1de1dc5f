"""How long certificates and dated secrets last (contract section 6: check `expiry`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.expiry import (
    WARNING_DAYS,
    Lifetime,
    Thing,
    Untold,
    judge_expiry,
    secret_lifetime,
)
from imis_sso.domain.verdicts import Status

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
HOST = Thing("certificate", "sso.example.org")
PASSED, FAILED, WARNING, SKIPPED = Status.PASSED, Status.FAILED, Status.WARNING, Status.SKIPPED


def lasting(**left: float) -> Lifetime:
    return Lifetime(HOST, NOW + timedelta(**left))


@pytest.mark.parametrize(
    ("left", "status", "detail"),
    [
        ({"days": 60}, PASSED, "good for 60 days or more: the certificate of sso.example.org"),
        (
            {"days": 60, "seconds": -1},
            WARNING,
            "the certificate of sso.example.org is good until 2027-04-01, less than 60 days",
        ),
        ({"days": 30}, WARNING, "2027-03-02, less than 60 days"),
        ({"days": 30, "seconds": -1}, WARNING, "less than 30 days"),
        ({"days": 7}, WARNING, "2027-02-07, less than 30 days"),
        ({"days": 6.9}, WARNING, "2027-02-07, less than 7 days"),
        ({"seconds": 1}, WARNING, "2027-01-31, less than 7 days"),
        (
            {"seconds": 0},
            FAILED,
            "the certificate of sso.example.org has expired (good until 2027-01-31)",
        ),
        ({"days": -400}, FAILED, "has expired (good until 2025-12-27)"),
    ],
)
def test_a_certificate(left: dict[str, float], status: Status, detail: str) -> None:
    """Warnings at 60, 30 and 7 days; the detail says which."""
    check = judge_expiry([lasting(**left)], NOW, WARNING_DAYS)
    assert (check.id, check.status) == ("expiry", status)
    assert detail in check.detail
    assert bool(check.remedy) is (status in (FAILED, WARNING))


def test_other_days_in_any_order() -> None:
    check = judge_expiry([lasting(days=10)], NOW, (5, 20, 14))
    assert check.detail.endswith("less than 14 days")
    assert judge_expiry([lasting(days=20)], NOW, (5, 20)).status is PASSED


@pytest.mark.parametrize(
    ("expires", "status"),
    [
        (date(2027, 1, 30), FAILED),
        (date(2027, 1, 31), WARNING),
        (date(2027, 2, 1), WARNING),
        (date(2027, 12, 31), PASSED),
        (date.max, PASSED),
        (date.min, FAILED),
    ],
)
def test_a_secret_is_good_to_the_end_of_its_last_day(expires: date, status: Status) -> None:
    lifetime = secret_lifetime("partner", expires)
    check = judge_expiry([lifetime], NOW, WARNING_DAYS)
    assert check.status is status
    assert check.fields == ("secrets/partner",)
    if expires is not date.max:
        assert lifetime.last_day == expires
    if status is not PASSED:
        assert str(expires) in check.detail
        assert "secret partner" in check.detail
        assert "expires" in check.remedy


def test_a_certificate_that_the_handshake_calls_expired() -> None:
    check = judge_expiry([Lifetime(HOST, None)], NOW, WARNING_DAYS)
    assert (check.status, check.detail) == (
        FAILED,
        "the certificate of sso.example.org has expired",
    )


def test_what_cannot_be_told_is_skipped_and_says_why() -> None:
    """A check that cannot be made is never passed."""
    untold = Untold(HOST, "the host cannot be reached")
    good = secret_lifetime("partner", date(2030, 1, 1))
    check = judge_expiry([good, untold], NOW, WARNING_DAYS)
    assert check.status is SKIPPED
    assert check.detail == (
        "the certificate of sso.example.org cannot be told: the host cannot be reached"
    )


@pytest.mark.parametrize(
    ("day", "status"), [(date(2027, 1, 1), FAILED), (date(2027, 2, 2), WARNING)]
)
def test_what_cannot_be_told_hides_nothing(day: date, status: Status) -> None:
    check = judge_expiry([Untold(HOST, "x"), secret_lifetime("p", day)], NOW, WARNING_DAYS)
    assert check.status is status
    assert "the secret p" in check.detail
    assert "cannot be told: x" in check.detail


def test_where_nothing_has_a_date() -> None:
    check = judge_expiry([], NOW, WARNING_DAYS)
    assert (check.status, check.detail) == (SKIPPED, "nothing has a date")


def test_what_has_expired_comes_first() -> None:
    things = [lasting(days=1), secret_lifetime("old", date(2027, 1, 1)), lasting(days=100)]
    check = judge_expiry(things, NOW, WARNING_DAYS)
    first, second = check.detail.split("; ")
    assert first.startswith("the secret old has expired")
    assert second.startswith("the certificate of sso.example.org is good until 2027-02-01")
    assert check.remedy.startswith("Renew the certificate where it is served. Replace the secret")


@given(hours=st.integers(0, 23), days=st.integers(1, 100))
def test_the_words_are_the_same_all_day(hours: int, days: int) -> None:
    """contract section 6: no timestamps; a data source changes when the verdict does."""
    lifetime = lasting(days=days, hours=12)
    limits = (60, 30, 7)
    one, two = (
        judge_expiry([lifetime], NOW + timedelta(hours=each), limits) for each in (0, hours)
    )
    if lifetime.state(NOW, limits) == lifetime.state(NOW + timedelta(hours=hours), limits):
        assert one == two
