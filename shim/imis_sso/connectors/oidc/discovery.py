"""Fetching a discovery document, and saying at which step it failed (OpenID Connect Discovery 1.0).

The address is what iMIS holds, so it may name any host: it is fetched under the egress rule.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from imis_sso.connectors.egress import LARGEST, SECONDS, JudgingTransport, resolve
from imis_sso.domain.discovered import Discovered, Step
from imis_sso.domain.egress import EgressRefused

_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class _Failed(Exception):  # noqa: N818  # a finding, not an error of ours
    def __init__(self, step: Step, why: str) -> None:
        super().__init__(why)
        self.step, self.why = step, why


class Discovery:
    """Looks at discovery documents; `allow` are the operator's entries `host[:port]`.

    `ca_file` is trusted besides the system's authorities.
    """

    def __init__(self, allow: tuple[str, ...] = (), ca_file: Path | None = None) -> None:
        self._allow, self._ca_file = frozenset(allow), ca_file

    async def look(self, address: str, seconds: float = SECONDS) -> Discovered:
        """Fetch a discovery document within limits of time and size; never raises."""
        found = Discovered(address)
        try:
            async with asyncio.timeout(seconds):
                return await self._fetched(found)
        except (TimeoutError, httpx.TimeoutException):
            return replace(found, failed=Step.CONNECTION, why="it did not answer in time")
        except (EgressRefused, httpx.InvalidURL) as error:
            return replace(found, failed=Step.NAME, why=str(error))
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            failure = _why(error)
            return replace(found, failed=failure.step, why=failure.why)

    async def _fetched(self, found: Discovered) -> Discovered:
        transport = JudgingTransport(self._allow, self._ca_file, _resolved)
        async with transport:
            request = httpx.Request("GET", found.address, headers=_HEADERS)
            response = await transport.handle_async_request(request)
            async with aclosing(response):
                found = replace(found, expires=_expiry(response))
                try:
                    return replace(found, issuer=await _issuer(response))
                except _Failed as failure:
                    return replace(found, failed=failure.step, why=failure.why)


async def _resolved(host: str, port: int) -> Sequence[str]:
    try:
        return await resolve(host, port)
    except OSError:
        msg = f"the name {host} cannot be resolved"
        raise EgressRefused(msg) from None


def _expiry(response: httpx.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    tls = None if stream is None else stream.get_extra_info("ssl_object")
    certificate = {} if tls is None else tls.getpeercert() or {}
    until = certificate.get("notAfter")
    if until is None:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC)


async def _issuer(response: httpx.Response) -> str:
    if response.status_code != httpx.codes.OK:
        raise _Failed(Step.DOCUMENT, f"it answered with status {response.status_code}")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise _Failed(Step.DOCUMENT, f"it answered with more than {LARGEST} bytes")
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    issuer = document.get("issuer") if isinstance(document, dict) else None
    if not isinstance(issuer, str):
        raise _Failed(Step.DOCUMENT, "what it answered is no discovery document")
    return issuer


def _why(error: BaseException) -> _Failed:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _Failed(Step.CERTIFICATE, f"it is refused: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            return _Failed(Step.CERTIFICATE, "no TLS connection comes about")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return _Failed(Step.CONNECTION, "nothing answers there")
    return _Failed(Step.DOCUMENT, "the answer broke off")
