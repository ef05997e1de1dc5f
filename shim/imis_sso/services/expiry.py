"""What of an environment has an end: its dated secrets, its hosts' certificates (section 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from imis_sso.connectors.base import Certificates
from imis_sso.domain.expiry import (
    WARNING_DAYS,
    Evidence,
    Lifetime,
    judge_expiry,
    secret_lifetime,
)
from imis_sso.domain.verdicts import Check
from imis_sso.services.persons_logins import PersonsLogins


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Sight:
    """What is known without asking anybody: lifetimes, and when certificates were last seen."""

    lifetimes: tuple[Lifetime, ...]
    certificates_seen_at: datetime | None

    def seconds_left(self, now: datetime) -> dict[tuple[str, str], float]:
        """Give the seconds that each thing has left, by kind and name: for metrics.

        Negative where it has expired; left out where the moment is not known.
        """
        return {
            (each.thing.kind, each.thing.name): (each.until - now).total_seconds()
            for each in self.lifetimes
            if each.until is not None
        }


class Expiry:
    """The ends of one environment.

    `secrets` are the last days of named secrets; without `certificates` none is looked at; `logins`
    are those that persons made for the service.
    """

    def __init__(
        self,
        secrets: Mapping[str, date] | None = None,
        certificates: Certificates | None = None,
        days: Sequence[int] = WARNING_DAYS,
        clock: Callable[[], datetime] = _now,
        *,
        logins: PersonsLogins | None = None,
    ) -> None:
        self.logins = logins or PersonsLogins()
        self._secrets = [secret_lifetime(*each) for each in sorted((secrets or {}).items())]
        self._certificates, self._days, self._clock = certificates, days, clock
        self._seen: tuple[Evidence, ...] = ()
        self._seen_at: datetime | None = None

    async def check(self) -> Check:
        """Look at the certificates and judge everything. Raises nothing."""
        if self._certificates is not None:
            self._seen = tuple(await self._certificates.lifetimes())
            self._seen_at = self._clock()
        logins = await self.logins.lifetimes()
        return judge_expiry((*self._secrets, *logins, *self._seen), self._clock(), self._days)

    def known(self) -> Sight:
        """Give what is known now, the certificates as last seen: nobody is asked (C3)."""
        seen = (each for each in self._seen if isinstance(each, Lifetime))
        return Sight((*self._secrets, *seen), self._seen_at)

    def secrets(self) -> list[dict[str, Any]]:
        """Give each dated secret with its last day and outcome, for `/status`."""
        now = self._clock()
        return [
            {
                "secret": each.thing.name,
                "expires": str(each.last_day),
                "status": each.state(now, self._days)[0].value,
            }
            for each in self._secrets
        ]
