"""Checking a site's sign-in from outside: no account, no service, no secret."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from imis_sso.connectors.base import Certificates, Probes, SignInVisit
from imis_sso.domain.checks import Check, Status
from imis_sso.domain.evidence import Authentication, ProviderFound, Reply
from imis_sso.domain.expiry import WARNING_DAYS, judge_expiry
from imis_sso.domain.provider_verdicts import judge_discovery, judge_keys, judge_redirect
from imis_sso.domain.public_verdicts import (
    Asked,
    asked_by,
    judge_issuer,
    judge_redirect_url,
    judge_request,
    judge_sign_in_found,
)

NOT_FOUND: Final = "no discovery document near the authorization endpoint names it"


@dataclass(frozen=True)
class Doors:
    """The ways outward that a check needs; `certificates` makes one for some hosts."""

    visit: SignInVisit
    probes: Probes
    certificates: Callable[[Iterable[str]], Certificates]


@dataclass(frozen=True)
class Report:
    """What was found about one site."""

    address: str
    checks: tuple[Check, ...]
    asked: Asked | None = None
    issuer: str = ""

    @property
    def passed(self) -> bool:
        """The sign-in leads to a provider, and no check failed."""
        return self.asked is not None and not any(
            each.status is Status.FAILED for each in self.checks
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the report for a machine: no timestamps, stable order."""
        asked = self.asked or Asked("", "", {})
        return {
            "address": self.address,
            "passed": self.passed,
            "client_id": asked.client_id,
            "redirect_url": asked.redirect_url,
            "authorization_endpoint": asked.endpoint,
            "issuer": self.issuer,
            "checks": [each.as_dict() for each in self.checks],
        }


async def check_public(doors: Doors, address: str) -> Report:
    """Follow the sign-in of a site and judge what it leads to. Raises nothing.

    Costs the provider one or two authorization requests that it refuses.
    """
    seen = await doors.visit.follow(address)
    asked = asked_by(seen)
    if asked is None:
        return Report(address, (judge_sign_in_found(seen, None),))
    found, expiry = await asyncio.gather(_provider(doors.probes, asked), _expiry(doors, asked))
    probed = await _probed(doors.probes, asked, found)
    checks = (
        judge_sign_in_found(seen, asked),
        judge_request(asked),
        judge_redirect_url(asked),
        judge_discovery(found),
        judge_issuer(found),
        judge_keys(found),
        *probed,
        expiry,
    )
    return Report(address, checks, asked, found.metadata.issuer if found.metadata else "")


async def _provider(probes: Probes, asked: Asked) -> ProviderFound:
    """Find the document that names the endpoint which the browser was sent to."""
    first = ProviderFound(asked.candidates()[0], Reply(why=NOT_FOUND))
    for address in asked.candidates():
        reply = await probes.discovery(address)
        found = ProviderFound(address, reply)
        if reply.untrusted:
            return found
        metadata = found.metadata
        if metadata is not None and metadata.text("authorization_endpoint") == asked.endpoint:
            return ProviderFound(address, reply, await probes.keys(metadata))
    return first


async def _probed(probes: Probes, asked: Asked, found: ProviderFound) -> tuple[Check, ...]:
    if found.metadata is None or not asked.redirect_url:
        return ()
    seen = await probes.authorization(found.metadata, asked.client_id, asked.redirect_url)
    return (judge_redirect(found, asked.redirect_url, seen, Authentication()),)


async def _expiry(doors: Doors, asked: Asked) -> Check:
    hosts = [urlsplit(each).netloc for each in (asked.page, asked.endpoint)]
    evidence = await doors.certificates(hosts).lifetimes()
    return judge_expiry(evidence, datetime.now(UTC), WARNING_DAYS)
