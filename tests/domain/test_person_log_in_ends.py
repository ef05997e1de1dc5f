"""A log-in that a person made: when it ends, when to warn, and what the check says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from imis_sso.domain.expiry import LogInLifetime, Thing, judge_expiry
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.kept_login import LoginFacts
from imis_sso.domain.verdicts import Status

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = Thing("log-in", "Cloud SSO")


@pytest.mark.parametrize(
    ("life", "left", "soon"),
    [
        (timedelta(hours=8), timedelta(hours=3), False),
        (timedelta(hours=8), timedelta(hours=2), True),
        (timedelta(days=90), timedelta(days=8), False),
        (timedelta(days=90), timedelta(days=7), True),
        (timedelta(hours=8), timedelta(0), True),
    ],
)
def test_the_alert_comes_in_the_last_quarter_and_a_week_before_the_end_at_the_most(
    life: timedelta, left: timedelta, *, soon: bool
) -> None:
    facts = LoginFacts("m", "cli.jane", NOW + left - life, NOW + left)
    assert facts.ends_soon(NOW) is soon
    assert facts.is_over(NOW) is (left == timedelta(0))


def test_what_does_not_say_its_end_neither_ends_nor_warns() -> None:
    facts = LoginFacts("m", "cli.jane", NOW)
    assert (facts.ends_soon(NOW), facts.is_over(NOW)) == (False, False)


@pytest.mark.parametrize(
    ("lifetime", "status", "words"),
    [
        (LogInLifetime(HERE, NOW + timedelta(hours=6)), Status.PASSED, "lasts: the log-in of a person at Cloud SSO"),
        (
            LogInLifetime(HERE, NOW + timedelta(hours=1), soon=True),
            Status.WARNING,
            "the log-in of a person at Cloud SSO ends at 2026-05-04 13:00 UTC",
        ),
        (LogInLifetime(HERE, NOW, soon=True), Status.FAILED, "the log-in of a person at Cloud SSO has ended"),
        (LogInLifetime(HERE, None), Status.FAILED, "the log-in of a person at Cloud SSO has ended"),
    ],
)  # fmt: skip
def test_the_check_speaks_of_log_ins(lifetime: LogInLifetime, status: Status, words: str) -> None:
    check = judge_expiry([lifetime], NOW, (60, 30, 7))
    assert (check.status, check.detail, check.fields) == (status, words, ())
    assert ("login ENV --interactive" in check.remedy) is (status is not Status.PASSED)


def test_a_derived_key_is_that_of_the_rfc() -> None:
    """RFC 5869, against another implementation; each purpose and each key has its own."""
    keys = [b"n" * 32, b"\x0b" * 40]
    made = [each.reveal() for each in FingerprintKey(keys[0], keys[1:]).derived("purpose")]
    expected = [HKDF(hashes.SHA256(), 32, None, b"purpose").derive(each).hex() for each in keys]
    assert made == expected
    assert FingerprintKey(keys[0]).derived("other")[0].reveal() not in made
