"""A hold: after an emergency nobody raises the mode until somebody releases it (contract 1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.problems import Held
from imis_sso.domain.spooled import Spooled


@dataclass(frozen=True)
class Hold:
    """Who set it, why, and when."""

    environment: str
    reason: str
    who: str
    since: datetime

    def as_dict(self) -> dict[str, Any]:
        """Give the hold as answers show it."""
        since = self.since.isoformat(timespec="seconds")
        return {"reason": self.reason, "who": self.who, "since": since}

    def entry(self, origin: Origin) -> Entry:
        """Give what the trail says of it."""
        return Entry(
            self.environment, Kind.HOLD, self.who, origin=origin, facts={"reason": self.reason}
        )

    def refusal(self) -> Held:
        """Give the problem that whoever raises the mode meets: who, why, since, and the way out."""
        since = self.since.isoformat(timespec="seconds")
        return Held(
            f'Raising the mode of {self.environment} is held by {self.who} since {since}: "'
            f'{self.reason}". An administrator releases it with a reason: imis-sso emergency '
            f'{self.environment} --release --reason "…", or POST /v1/environments/'
            f"{self.environment}/hold/release."
        )


def released(environment: str, who: str, reason: str, origin: Origin) -> Entry:
    """Give what the trail says of a release."""
    facts = {"reason": reason}
    return Entry(environment, Kind.RELEASE, who, origin=origin, facts=facts)


def spooled_hold(spooled: Spooled) -> Hold:
    """Read a hold from the spool's line of it."""
    entry = spooled.entry
    reason = str(entry.facts.get("reason", ""))
    return Hold(entry.environment, reason, entry.who, datetime.fromisoformat(spooled.at))


def standing(stored: Hold | None, pending: Iterable[Spooled]) -> Hold | None:
    """Give the hold that stands, where the spool has lines that are newer than what is stored."""
    hold = stored
    for each in pending:
        if each.entry.kind is Kind.HOLD:
            hold = spooled_hold(each)
        elif each.entry.kind is Kind.RELEASE:
            hold = None
    return hold


def hold_of(environment: str, stored: Mapping[str, Any]) -> Hold:
    """Read a hold from its row."""
    return Hold(environment, stored["reason"], stored["who"], stored["at"])
