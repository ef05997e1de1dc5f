"""Judging how long certificates and dated secrets last (contract section 6, check `expiry`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from imis_sso.domain.checks import Check, Status

CHECK_ID: Final = "expiry"
WARNING_DAYS: Final = (60, 30, 7)
_REMEDIES: Final = (
    ("certificate", "Renew the certificate where it is served."),
    ("log-in", "Log in again, on a machine with a screen: `imis-sso login ENV --interactive`."),
    ("secret", "Replace the secret at its source and set its new date, expires, in the registry."),
)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Thing:
    """Something that ends: the certificate of a host, a named secret, a log-in at a product."""

    kind: str
    name: str

    def __str__(self) -> str:
        joined = {"certificate": "of ", "log-in": "of a person at "}.get(self.kind, "")
        return f"the {self.kind} {joined}{self.name}"


@dataclass(frozen=True)
class Lifetime:
    """Until when something is good; None: no longer, and since when is not told."""

    thing: Thing
    until: datetime | None

    def state(self, now: datetime, days: Sequence[int]) -> tuple[Status, int | None]:
        """Give the outcome, and for a warning the smallest number of days that it is within."""
        if self.until is None or self.until <= now:
            return Status.FAILED, None
        within = [each for each in days if self.until - now < timedelta(days=each)]
        return (Status.WARNING, min(within)) if within else (Status.PASSED, None)

    @property
    def last_day(self) -> date | None:
        """The last day, in UTC, on which it is good at any time."""
        return None if self.until is None else (self.until - _INSTANT).astimezone(UTC).date()


@dataclass(frozen=True)
class LogInLifetime(Lifetime):
    """Until when a person's log-in is good; `soon` tells that it is time for another."""

    soon: bool = False

    def state(self, now: datetime, days: Sequence[int]) -> tuple[Status, int | None]:
        """Give the outcome; a log-in may last for hours only, so days are no measure."""
        status, _ = super().state(now, days)
        if status is Status.FAILED:
            return status, None
        return (Status.WARNING if self.soon else Status.PASSED), None


@dataclass(frozen=True)
class Untold:
    """Something whose end cannot be told, and why."""

    thing: Thing
    reason: str


Evidence = Lifetime | Untold


def secret_lifetime(name: str, expires: date) -> Lifetime:
    """Give the lifetime of a named secret: good to the end of its last day, in UTC."""
    midnight = datetime.combine(expires, time(), UTC)
    try:
        return Lifetime(Thing("secret", name), midnight + timedelta(days=1))
    except OverflowError:  # the last day that a date can be
        return Lifetime(Thing("secret", name), midnight)


def judge_expiry(evidence: Sequence[Evidence], now: datetime, days: Sequence[int]) -> Check:
    """Judge what was seen. The words change when a limit of days is passed, not from day to day."""
    known = [each for each in evidence if isinstance(each, Lifetime)]
    untold = [each for each in evidence if isinstance(each, Untold)]
    states = {each: each.state(now, days) for each in known}
    for status in (Status.FAILED, Status.WARNING):
        found = [each for each in known if states[each][0] is status]
        if found:
            bad = [each for each in known if states[each][0] is not Status.PASSED]
            bad.sort(key=lambda each: states[each][0] is not Status.FAILED)
            words = [_sentence(each, states[each][1], now) for each in bad]
            return _check(status, evidence, words + _reasons(untold), _remedy(bad))
    if untold or not known:
        return _check(Status.SKIPPED, evidence, _reasons(untold) or ["nothing has a date"])
    return _check(Status.PASSED, evidence, _good(known, max(days)))


def _good(known: Sequence[Lifetime], days: int) -> list[str]:
    log_ins = [str(each.thing) for each in known if isinstance(each, LogInLifetime)]
    listed = ", ".join(str(each.thing) for each in known if not isinstance(each, LogInLifetime))
    said = [f"good for {days} days or more: {listed}"] if listed else []
    return [*said, *([f"lasts: {', '.join(log_ins)}"] if log_ins else [])]


def _check(
    status: Status, evidence: Sequence[Evidence], words: Sequence[str], remedy: str = ""
) -> Check:
    names = [each.thing.name for each in evidence if each.thing.kind == "secret"]
    fields = tuple(f"secrets/{name}" for name in names)
    return Check(CHECK_ID, status, "; ".join(words), fields, remedy)


def _log_in_sentence(lifetime: LogInLifetime, *, over: bool) -> str:
    if over or lifetime.until is None:
        return f"{lifetime.thing} has ended"
    return f"{lifetime.thing} ends at {lifetime.until:%Y-%m-%d %H:%M} UTC"


def _sentence(lifetime: Lifetime, within: int | None, now: datetime) -> str:
    day = lifetime.last_day
    if isinstance(lifetime, LogInLifetime):
        return _log_in_sentence(lifetime, over=lifetime.state(now, ())[0] is Status.FAILED)
    if within is None:
        return f"{lifetime.thing} has expired" + (f" (good until {day})" if day else "")
    return f"{lifetime.thing} is good until {day}, less than {within} days"


def _reasons(untold: Sequence[Untold]) -> list[str]:
    return [f"{each.thing} cannot be told: {each.reason}" for each in untold]


def _remedy(bad: Sequence[Lifetime]) -> str:
    kinds = {each.thing.kind for each in bad}
    return " ".join(words for kind, words in _REMEDIES if kind in kinds)
