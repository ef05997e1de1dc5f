"""Asking the issuer of each directory that goes by a key (contract section 6, C45)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imis_sso.connectors.base import Probes
from imis_sso.domain.checks import Check
from imis_sso.domain.directory_verdicts import (
    judge_addresses,
    judge_directory_secret,
    judge_gone,
    metadata_address,
    secret_refusal,
)
from imis_sso.domain.documents import Directory
from imis_sso.domain.evidence import Authentication, ProviderFound, Reply
from imis_sso.domain.resources import DIRECTORIES
from imis_sso.domain.secret import Secret
from imis_sso.services.deadline import within
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading


@dataclass(frozen=True, repr=False)
class DirectorySubject:
    """A directory that is inquired about; `document` is None where its record is gone.

    `secret` is what it holds or would hold, `hosts` where that may be sent, `return_url` what the
    directory has to know.
    """

    key: str
    document: Directory | None
    secret: Secret | None = None
    hosts: frozenset[str] | None = None
    return_url: str = ""


async def subjects(
    pair: Pair,
    readings: Mapping[str, Reading],
    wanted: Mapping[str, Directory],
    pushed: Mapping[str, Secret] | None = None,
) -> tuple[DirectorySubject, ...]:
    """Put together what is inquired about: `wanted` as it is or would be, `pushed` new secrets."""
    gone = {key for key in readings if key not in wanted}
    found = [await _subject(pair, readings, wanted, pushed or {}, key) for key in sorted(wanted)]
    return (*found, *[DirectorySubject(key, None) for key in sorted(gone)])


async def _subject(
    pair: Pair,
    readings: Mapping[str, Reading],
    wanted: Mapping[str, Directory],
    pushed: Mapping[str, Secret],
    key: str,
) -> DirectorySubject:
    document, reading = wanted[key], readings.get(key)
    held = None if reading is None else reading.observed.secret
    secret = pushed.get(key) or (held if isinstance(held, Secret) else None)
    ref = document.client_secret_ref
    if secret is None and document.client_secret_version:
        item = DIRECTORIES.item(key)
        known = await pair.secrets.find(item, document.client_secret_version, ref)
        secret = None if known is None else known[1]
    url = "" if reading is None else str(reading.observed.values.get("return_url", ""))
    hosts = pair.policy.secret_hosts.get(ref)
    return DirectorySubject(key, document, secret, hosts, url)


async def inquire_directories(
    probes: Probes, asked: Sequence[DirectorySubject], until: float, *, active: bool
) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """Ask each directory's issuer; gives the public checks and, with `active`, those of secrets."""
    found = await asyncio.gather(*(_inquire(probes, each, until, active=active) for each in asked))
    return (
        tuple(public for public, _ in found),
        tuple(probed for _, probed in found if probed is not None),
    )


async def _inquire(
    probes: Probes, asked: DirectorySubject, until: float, *, active: bool
) -> tuple[Check, Check | None]:
    if asked.document is None:
        return judge_gone(asked.key), None
    address, late = metadata_address(asked.document.issuer), Reply(why="it took too long")
    found = ProviderFound(address, await within(probes.discovery(address), until, late))
    judged = judge_addresses(asked.key, asked.document, found)
    if not active:
        return judged, None
    seen = await _authentication(probes, asked, asked.document, found, until)
    return judged, judge_directory_secret(asked.key, seen)


async def _authentication(
    probes: Probes,
    asked: DirectorySubject,
    document: Directory,
    found: ProviderFound,
    until: float,
) -> Authentication:
    refused = secret_refusal(document, found, asked.hosts)
    metadata = found.metadata
    if refused is not None or metadata is None:
        return Authentication(why=f"the secret was not sent: {refused}")
    if asked.secret is None:
        return Authentication(why="Cloud SSO does not show the secret, and no named one is it")
    if not document.client_id or not asked.return_url:
        return Authentication(why="there is no client id or no Return URL to ask with yet")
    sent = probes.authentication(metadata, document.client_id, asked.secret, asked.return_url)
    return await within(sent, until, Authentication(why="it took too long"))
