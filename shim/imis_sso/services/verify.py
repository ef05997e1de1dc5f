"""Verifying a pair: settings compared, the provider asked, the verdict kept (section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from imis_sso.domain import sign_in_page
from imis_sso.domain.checks import ACTIVE, Check, Status, Verification
from imis_sso.domain.crossing import judge_crossing
from imis_sso.domain.directory_verdicts import secret_check
from imis_sso.domain.documents import Licence
from imis_sso.domain.evidence import SignInSeen
from imis_sso.domain.licence import judge_licence
from imis_sso.domain.mode_age import TEST_MODE, judge_mode_age
from imis_sso.domain.observed import Observed
from imis_sso.domain.resources import LICENCE, OPENID_CONNECT
from imis_sso.domain.secret import ObservedSecret, Secret
from imis_sso.domain.settings_digest import settings_digest
from imis_sso.domain.verdicts import Halves, judge
from imis_sso.services import attested, known
from imis_sso.services.directory_checks import subjects
from imis_sso.services.inquiry import NOT_LIVE, Findings, Subject, inquire
from imis_sso.services.pair import Pair
from imis_sso.services.read import documents, halves_of, read_both, read_directories

ONLY_ACTIVE: Final = "only active probes decide it (?probe=active)"


async def verify(pair: Pair, *, active: bool = False) -> Verification:
    """Read both halves live and judge them; `active` runs the probes of client and secret anew.

    Callers at the same time share one run, unless something may have been written since it began.
    The verdict is remembered. Raises what reading either product raises.
    """
    marks = [await half.last_written() for half in pair.halves.values()]
    key = None if None in marks else (active, *marks)
    return await pair.runs.share(key, partial(_verify, pair, active=active))


async def verify_candidate(
    pair: Pair,
    halves: Halves,
    secret: Secret | None,
    *,
    active: bool,
    pushed: Mapping[str, Secret] | None = None,
) -> Verification:
    """Judge halves as they would be; nothing is written or remembered.

    `secret` is what iMIS would hold, None where it keeps the one that it holds; `pushed` are those
    that directories would hold, by key. Raises what reading either product raises, where a secret
    must be read for it.
    """
    if secret is None and active:
        imis, cloud_sso = await read_both(pair)
        secret = await _held(pair, imis, cloud_sso, halves)
    readings = await read_directories(pair) if halves.directories else {}
    asked = await subjects(pair, readings, halves.directories, pushed)
    subject = Subject(halves, secret, pair.policy.pins, live=False, directories=asked)
    verification, _ = await _judged(pair, subject, active=active)
    return verification


async def _verify(pair: Pair, *, active: bool) -> Verification:
    expiry = asyncio.create_task(pair.expiry.check())
    try:
        (imis, cloud_sso), readings = await asyncio.gather(read_both(pair), read_directories(pair))
        halves = await halves_of(pair, imis, cloud_sso)
        halves = replace(halves, directories=documents(readings))
        secret = _in_clear(imis, cloud_sso, halves)
        if active and secret is None:
            secret = await _held(pair, imis, cloud_sso, halves)
        asked = await subjects(pair, readings, halves.directories)
        subject = Subject(halves, secret, pair.policy.pins, directories=asked)
        aged = judge_mode_age(
            halves.mode, await _since(pair, halves), _now(), pair.policy.test_mode_days
        )
        verification, found = await _judged(
            pair, subject, await _licence(pair), aged, expiry, active=active
        )
    finally:
        expiry.cancel()
    await known.remember(pair, verification, found)
    await known.see(pair, halves, _mark(pair, cloud_sso.secret))
    return verification


async def _licence(pair: Pair) -> Check:
    """Judge the licence, where the connector has a way to the list."""
    half = pair.halves[LICENCE.product]
    if not half.connector.reach.fields.get(LICENCE.record.name):
        return judge_licence()
    found = await half.observe(LICENCE)
    values = found.document_values(LICENCE.document)
    return judge_licence(Licence.model_validate(values).openid_connect)


async def _judged(
    pair: Pair, subject: Subject, *more: Check | asyncio.Task[Check], active: bool
) -> tuple[Verification, Sequence[Check] | None]:
    """Give the verdict, and what active probes found where they ran."""
    halves, probes = subject.halves, pair.probes
    crossing = judge_crossing(halves, _marks(pair, subject.secret), await known.others(pair))
    if probes is None:
        found = Findings(())
    else:
        found = await inquire(probes, subject, active=active)
    ran = active and probes is not None
    digest = settings_digest(halves)
    probed = found.active if ran else await _reused(pair, subject, digest)
    checks = [each if isinstance(each, Check) else await each for each in more]
    checks += await attested.checks(pair, digest)
    judged = (*found.public, *probed, crossing, *checks)
    verdict = judge(halves, *judged, issuer=found.issuer, pins=subject.pins)
    verdict = replace(verdict, digest=digest)
    if ran:
        return replace(verdict, proof="active"), found.active
    undecided = tuple(each.id for each in probed if each.detail == ONLY_ACTIVE)
    return replace(verdict, undecided=undecided), None


async def _reused(pair: Pair, subject: Subject, digest: str) -> Sequence[Check]:
    """Give what the last active probes decided of these settings; the rest stays undecided."""
    if pair.probes is None:
        return ()
    last = {each.id: each for each in await known.proved(pair, digest)}
    secrets = [secret_check(each.key) for each in subject.directories if each.document]
    return [_last(name, last.get(name), subject) for name in (*ACTIVE, *secrets)]


def _last(name: str, last: Check | None, subject: Subject) -> Check:
    if name == sign_in_page.CHECK_ID and (subject.halves.mode == "disabled" or not subject.live):
        return sign_in_page.judge_sign_in(SignInSeen(why=NOT_LIVE), subject.halves, None)
    if last is not None and last.status is not Status.SKIPPED:
        return last
    return Check(name, Status.SKIPPED, ONLY_ACTIVE, () if last is None else last.fields)


async def _held(pair: Pair, imis: Observed, cloud_sso: Observed, halves: Halves) -> Secret | None:
    """Give the secret that iMIS holds, also where it does not show it but somebody else does."""
    secret = _in_clear(imis, cloud_sso, halves)
    version = halves.openid_connect.client_secret_version
    if secret is not None or not version:
        return secret
    found = await pair.secrets.find(OPENID_CONNECT, version)
    return None if found is None else found[1]


def _in_clear(imis: Observed, cloud_sso: Observed, halves: Halves) -> Secret | None:
    if isinstance(imis.secret, Secret):
        return imis.secret
    held = halves.openid_connect.client_secret_version
    same = held and held == halves.imis_client.client_secret_version
    return cloud_sso.secret if same and isinstance(cloud_sso.secret, Secret) else None


def _marks(pair: Pair, secret: Secret | None) -> Sequence[str]:
    return () if secret is None else pair.secrets.crossings(secret)


def _mark(pair: Pair, shown: ObservedSecret) -> str:
    return pair.secrets.crossings(shown)[0] if isinstance(shown, Secret) else ""


async def _since(pair: Pair, halves: Halves) -> datetime | None:
    return await known.test_mode_since(pair) if halves.mode == TEST_MODE else None


def _now() -> datetime:
    return datetime.now(UTC)
