"""When a token shall expire, as people write it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LIFE: Final = re.compile(r"([1-9][0-9]{0,4})([hdw])")


def expiry(text: str, now: datetime) -> datetime:
    """Give the moment that a life (`12h`, `90d`, `6w`) or a date ends.

    A date counts to the end of its day in UTC. Raises ValueError, with a sentence, for everything
    else and for what is past.
    """
    if life := _LIFE.fullmatch(text):
        return now + int(life[1]) * _UNITS[life[2]]
    try:
        end = datetime.combine(date.fromisoformat(text), time.max, UTC)
    except ValueError:
        msg = f"{text!r} is neither a life such as 90d or 12h nor a date such as 2030-01-31"
        raise ValueError(msg) from None
    if end <= now:
        msg = f"{text} is past"
        raise ValueError(msg)
    return end
