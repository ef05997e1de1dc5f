"""Asking a provider politely: within limits, one answer in a few words, and what it asks to wait.

What an answer says is read here and nowhere else; its words do not leave this module, because a
provider may echo the secret that it was sent (contract C20).
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from imis_sso.connectors.egress import (
    SECONDS,
    CertificateRefused,
    Egress,
    Fetched,
    FetchFailed,
)
from imis_sso.domain.egress import EgressRefused
from imis_sso.domain.evidence import Reply, known_error

_MOST_PATIENCE: Final = 3600.0
_PATIENCE: Final = 60.0
_ASKS_TO_WAIT: Final = (429, 503)
_LONGEST_LOCATION: Final = 4096


class Asking:
    """Sends requests under the egress rule; none to a host that asked to wait (RFC 6585 4).

    `seconds` bounds each of them.
    """

    def __init__(self, egress: Egress, seconds: float = SECONDS) -> None:
        self._egress, self._seconds = egress, seconds
        self._waits: dict[str, float] = {}

    async def get(self, address: str, *, document: bool = False) -> Reply:
        """Send a GET without following redirects; `document` keeps a JSON object. Never raises."""
        return await self._reply(address, document=document, form=None, headers=None)

    async def post(
        self, address: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Reply:
        """Send a form. Never raises."""
        return await self._reply(address, document=False, form=form, headers=headers)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._egress.aclose()

    async def _reply(
        self,
        address: str,
        *,
        document: bool,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Reply:
        host = urlsplit(address).netloc
        if self._waits.get(host, 0.0) > time.monotonic():
            return Reply(why="the provider asked to wait before the next request (Retry-After)")
        try:
            found = await self._sent(address, form, headers)
        except (EgressRefused, FetchFailed) as reason:
            return unanswered(reason)
        if found.status in _ASKS_TO_WAIT:
            self._waits[host] = time.monotonic() + _patience(found.headers)
        return reply_of(found, document=document)

    def _sent(
        self, address: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> Awaitable[Fetched]:
        if form is None:
            return self._egress.get(address, seconds=self._seconds)
        return self._egress.post(address, form, headers, seconds=self._seconds)


def _patience(headers: httpx.Headers) -> float:
    stated = headers.get("retry-after", "")
    if not stated.isascii() or not stated.isdigit():
        # A date, or nothing: a minute is short enough to be no harm and long enough to help.
        return _PATIENCE if stated else 0.0
    return min(float(stated[:9]), _MOST_PATIENCE)


def unanswered(reason: EgressRefused | FetchFailed) -> Reply:
    """Say why there is no answer."""
    if isinstance(reason, EgressRefused):
        return Reply(why=f"it was not asked: {reason}")
    return Reply(why=str(reason), untrusted=isinstance(reason, CertificateRefused))


def reply_of(found: Fetched, *, document: bool) -> Reply:
    """Give an answer in a few words; `document` keeps a JSON object."""
    content = _json_object(found.body)
    location = found.headers.get("location")
    return Reply(
        found.status,
        error=known_error(None if content is None else content.get("error")),
        location=None if location is None else location[:_LONGEST_LOCATION],
        document=content if document else None,
    )


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
