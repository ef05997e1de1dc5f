"""Having evidence gathered at the provider, and judged (contract section 6, C45)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from imis_sso.connectors.base import Probes
from imis_sso.domain import secret_destination
from imis_sso.domain.checks import Check
from imis_sso.domain.evidence import (
    NOT_ASKED,
    Authentication,
    Authorization,
    ProviderFound,
    Reply,
    SignInSeen,
)
from imis_sso.domain.provider_verdicts import (
    judge_discovery,
    judge_keys,
    judge_redirect,
    judge_secret,
)
from imis_sso.domain.secret import Secret
from imis_sso.domain.sign_in_page import judge_sign_in
from imis_sso.domain.trust import Pins
from imis_sso.domain.verdicts import Halves
from imis_sso.services.deadline import within
from imis_sso.services.directory_checks import DirectorySubject, inquire_directories

SECONDS: Final = 15.0
"""All probes of a run together; each of their requests has five."""
_LATE: Final = Reply(why="the time for all probes was over")
NOT_LIVE: Final = "it can be seen only after the write"
_NOT_SHOWN: Final = (
    "iMIS does not show its client secret, and no secret that is known here has its fingerprint"
)


@dataclass(frozen=True)
class Subject:
    """What is inquired about: settings, and the secret that iMIS holds or would hold.

    `live` tells that these are the settings as they are, not as they would be.
    """

    halves: Halves
    secret: Secret | None
    pins: Pins
    live: bool = True
    directories: tuple[DirectorySubject, ...] = ()


@dataclass(frozen=True)
class Findings:
    """Checks by public documents, checks by active probes, and the issuer that was found."""

    public: tuple[Check, ...]
    active: tuple[Check, ...] = ()
    issuer: str = ""


async def inquire(probes: Probes, subject: Subject, *, active: bool) -> Findings:
    """Fetch discovery document and keys; with `active`, probe client, secret and sign-in page.

    Ends within `SECONDS` and raises nothing: what was not seen in time proves nothing.
    """
    until = asyncio.get_running_loop().time() + SECONDS
    page = asyncio.create_task(_sign_in(probes, subject, until) if active else _unseen())
    beside = asyncio.create_task(
        inquire_directories(probes, subject.directories, until, active=active)
    )
    try:
        found = await _found(probes, subject.halves, until)
        seen = _probed(probes, subject, found, until) if active else _nothing()
        keys, evidence = await asyncio.gather(_keys(probes, found, until), seen)
        found = replace(found, keys=keys)
        metadata = found.metadata
        issuer = "" if metadata is None else metadata.issuer
        theirs, secrets = await beside
        public = (judge_discovery(found), judge_keys(found), *theirs)
        if not active:
            return Findings(public, issuer=issuer)
        sign_in = judge_sign_in(await page, subject.halves, metadata)
        judged = (*_judged(subject, found, *evidence), sign_in, *secrets)
        return Findings(public, judged, issuer)
    finally:
        page.cancel()
        beside.cancel()


def _judged(
    subject: Subject,
    found: ProviderFound,
    authorization: Authorization,
    authentication: Authentication,
) -> Sequence[Check]:
    redirect_url = subject.halves.openid_connect.redirect_login_url
    return (
        judge_redirect(found, redirect_url, authorization, authentication),
        judge_secret(authentication),
    )


async def _found(probes: Probes, halves: Halves, until: float) -> ProviderFound:
    # Cloud SSO's own word for where it is; iMIS's where it has none.
    address = halves.imis_client.discovery_url or halves.openid_connect.well_known_url
    if not address:
        return ProviderFound("", Reply(why="neither product has an address for it"))
    return ProviderFound(address, await within(probes.discovery(address), until, _LATE))


async def _keys(probes: Probes, found: ProviderFound, until: float) -> Reply:
    metadata = found.metadata
    if metadata is None or not metadata.text("jwks_uri"):
        return Reply(why="the discovery document names no key set")
    return await within(probes.keys(metadata), until, _LATE)


async def _probed(
    probes: Probes, subject: Subject, found: ProviderFound, until: float
) -> tuple[Authorization, Authentication]:
    return await asyncio.gather(
        _authorization(probes, subject.halves, found, until),
        _authentication(probes, subject, found, until),
    )


async def _authorization(
    probes: Probes, halves: Halves, found: ProviderFound, until: float
) -> Authorization:
    imis, metadata = halves.openid_connect, found.metadata
    if metadata is None or not metadata.text("authorization_endpoint"):
        return Authorization(Reply(why="no discovery document names it"))
    if not imis.client_id or not imis.redirect_login_url:
        return Authorization(Reply(why="iMIS has no client id or no redirect URL to ask with"))
    asked = probes.authorization(metadata, imis.client_id, imis.redirect_login_url)
    return await within(asked, until, Authorization(_LATE))


async def _authentication(
    probes: Probes, subject: Subject, found: ProviderFound, until: float
) -> Authentication:
    imis, metadata = subject.halves.openid_connect, found.metadata
    refused = secret_destination.refusal(subject.halves.imis_client, found, subject.pins)
    if refused is not None or metadata is None:
        return Authentication(why=f"the secret was not sent: {refused}")
    if not imis.client_id:
        return Authentication(why="iMIS has no client id to ask with")
    if subject.secret is None:
        return Authentication(why=_NOT_SHOWN)
    asked = probes.authentication(metadata, imis.client_id, subject.secret, imis.redirect_login_url)
    return await within(asked, until, Authentication(why=_LATE.why))


async def _sign_in(probes: Probes, subject: Subject, until: float) -> SignInSeen:
    if not subject.live:
        return SignInSeen(why=NOT_LIVE)
    if subject.halves.mode == "disabled":
        return await _unseen()
    return await within(probes.sign_in(), until, SignInSeen(why=_LATE.why))


async def _unseen() -> SignInSeen:
    return SignInSeen()


async def _nothing() -> tuple[Authorization, Authentication]:
    return Authorization(NOT_ASKED), Authentication()
