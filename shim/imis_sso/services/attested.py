"""Sign-ins that people attest: stored, and what verification says of them (contract 1.2, 6)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from imis_sso.domain.access import Origin
from imis_sso.domain.attestation import ATTESTED, SignIn, as_dict, judge_attested
from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.checks import Check, Status
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import (
    FieldError,
    TransitionRefused,
    UpstreamChanged,
    VerificationFailed,
)
from imis_sso.domain.settings_digest import settings_digest
from imis_sso.domain.verdicts import Halves
from imis_sso.domain.verified import Attestation
from imis_sso.domain.violations import sentence
from imis_sso.services.pair import Pair
from imis_sso.services.read import read_halves


@dataclass(frozen=True)
class Current:
    """What a sign-in would be attested for now, and what was attested for it last."""

    mode: str
    halves: Halves
    digest: str
    attestation: Attestation | None


@dataclass(frozen=True)
class Seen:
    """What was seen of a sign-in: the authorization request of iMIS, and how it ended there.

    `digest` is that of the settings when it began, `""` where nobody looked.
    """

    client_id: str
    redirect_url: str
    outcome: SignIn
    digest: str = ""


async def current(pair: Pair) -> Current:
    """Read what a sign-in would be attested for. Raises what reading raises, StoreUnavailable."""
    mode, halves = await asyncio.gather(pair.live_mode(), read_halves(pair))
    digest = settings_digest(halves)
    return Current(mode, halves, digest, await pair.evidences.attestation(pair.name, digest))


async def attest(pair: Pair, seen: Seen, who: str, origin: Origin) -> Attestation:
    """Put a sign-in on record, for exactly the settings that both products have now.

    Raises `TransitionRefused` while nobody can sign in through the provider, `UpstreamChanged`
    where the settings moved during the sign-in, `VerificationFailed` where it was of another client
    or redirect, StoreUnavailable, and what reading raises.
    """
    now = await current(pair)
    _require(pair, now, seen)
    found = Attestation(
        pair.name,
        now.digest,
        who,
        datetime.now(UTC),
        seen.client_id,
        seen.redirect_url,
        seen.outcome.value,
    )
    entry = Entry(pair.name, Kind.ATTESTED, who, origin=origin, facts=as_dict(found))
    # The trail first: what is not on it counts nowhere.
    await pair.journal.trail.append(entry)
    await pair.evidences.attest(found)
    return found


def _require(pair: Pair, now: Current, seen: Seen) -> None:
    if now.mode == "disabled":
        msg = f"{pair.name} is in mode disabled: nobody signs in through the provider. "
        raise TransitionRefused(f"{msg}Raise it to test_mode, then sign in.")
    if seen.digest not in ("", now.digest):
        msg = "The settings changed while the sign-in was under way, so it proves nothing of them: "
        raise UpstreamChanged(f"{msg}sign in again.")
    errors = [
        FieldError(name, f'is "{given}" in the sign-in, and the live pair has "{live}"')
        for name, given, live in _compared(now.halves, seen)
        if given != live
    ]
    if errors:
        raise VerificationFailed(f"The sign-in was not of this pair: {sentence(errors)}", errors)


def _compared(halves: Halves, seen: Seen) -> tuple[tuple[str, str, str], ...]:
    imis = halves.openid_connect
    return (
        ("client_id", seen.client_id, imis.client_id),
        ("redirect_url", seen.redirect_url, imis.redirect_login_url),
        ("redirect_url", seen.redirect_url, halves.imis_sso_settings.redirect_url),
    )


async def checks(pair: Pair, digest: str) -> tuple[Check, ...]:
    """Give the check `sign-in.attested` of the settings with this digest, where it is required."""
    return (await check(pair, digest),) if pair.policy.require_attestation else ()


async def check(pair: Pair, digest: str) -> Check:
    """Give the check, required or not. Where it cannot be looked up it is skipped, not failed."""
    try:
        found = await pair.evidences.attestation(pair.name, digest)
    except StoreUnavailable as error:
        return Check(ATTESTED, Status.SKIPPED, f"the store cannot be read ({error})", ())
    return judge_attested(pair.name, found)
