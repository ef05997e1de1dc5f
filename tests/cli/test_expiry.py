"""When a token ends, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from imis_sso.cli.expiry import expiry

NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("1h", NOW + timedelta(hours=1)),
        ("90d", NOW + timedelta(days=90)),
        ("6w", NOW + timedelta(weeks=6)),
        ("2025-01-31", datetime(2025, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2030-12-31", datetime(2030, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_lives_and_dates(text: str, end: datetime) -> None:
    assert expiry(text, NOW) == end


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2025-01-30", "past"),
        ("0d", "neither"),
        ("-1d", "neither"),
        ("90", "neither"),
        ("90 d", "neither"),
        ("1m", "neither"),
        ("soon", "neither"),
        ("", "neither"),
        ("2025-02-30", "neither"),
        ("999999d", "neither"),
    ],
)
def test_everything_else_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        expiry(text, NOW)
