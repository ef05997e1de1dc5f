"""Judging how long test mode has lasted (contract section 6, check `mode.age`). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from imis_sso.domain.checks import Check, Status

CHECK_ID: Final = "mode.age"
TEST_MODE: Final = "test_mode"
DAYS: Final = 30
_FIELDS: Final = ("imis/oidc-authentication#mode",)


def judge_mode_age(mode: str, since: datetime | None, now: datetime, days: int) -> Check:
    """Judge the age of test mode; `since` is None where nobody saw it begin.

    The words change when the limit is passed, not from day to day.
    """
    if mode != TEST_MODE:
        return Check(CHECK_ID, Status.SKIPPED, "iMIS is not in test mode", _FIELDS)
    if since is None:
        return Check(CHECK_ID, Status.SKIPPED, "it is not known since when", _FIELDS)
    detail = f"in test mode since {since.date()}"
    if now - since <= timedelta(days=days):
        return Check(CHECK_ID, Status.PASSED, detail, _FIELDS)
    remedy = "Verify the pair and raise the mode to enabled, or lower it to disabled."
    return Check(CHECK_ID, Status.WARNING, f"{detail}, longer than {days} days", _FIELDS, remedy)
