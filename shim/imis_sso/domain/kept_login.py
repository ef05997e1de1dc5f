"""A log-in that a person made in a browser, kept for the service to use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from imis_sso.domain.secret import Secret

_LONGEST_NOTICE: Final = timedelta(days=7)


@dataclass(frozen=True)
class LoginFacts:
    """What may be known of a kept log-in by everybody: who made it, when, and when it ends.

    `ends` is None where the cookies do not say. `mark` tells one log-in from every other.
    """

    mark: str
    who: str
    since: datetime
    ends: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Tell whether it has ended by what its cookies said."""
        return self.ends is not None and self.ends <= now

    def ends_soon(self, now: datetime) -> bool:
        """Tell whether it is time to log in again: the last quarter of its life, a week at most.

        Some log-ins last for hours and some for months, so no number of days fits all.
        """
        if self.ends is None:
            return False
        notice = min((self.ends - self.since) / 4, _LONGEST_NOTICE)
        return self.ends - notice <= now


@dataclass(frozen=True)
class BrowserState:
    """What makes a browser logged in: cookies and storage as JSON, and what it calls itself.

    A product may bind a session to the browser that began it, so both go together.
    """

    storage: Secret
    user_agent: str
    ends: datetime | None = None


@dataclass(frozen=True)
class KeptLogin:
    """A kept log-in, ready to be used."""

    facts: LoginFacts
    state: BrowserState
