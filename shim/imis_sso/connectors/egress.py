"""Fetching from addresses that others name: only public ones, and only the ones that were judged.

Every request goes through `JudgingTransport`: it judges the text of the address, resolves the name
once, judges every answer, and connects to one of exactly these; the certificate is still verified
for the name. So neither DNS that changes its mind nor a redirect leads anywhere else (section 6).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final

import httpx

from imis_sso.domain.egress import Destination, EgressRefused, destination, judge

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the IP addresses of a host name; raises OSError where it has none."""

SECONDS: Final = 5.0
LARGEST: Final = 256 * 1024
_MOST_ADDRESSES: Final = 8


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def judged_addresses(target: Destination, resolve: Resolve = resolve) -> list[str]:
    """Give the IP addresses that a judged destination may be connected to at.

    Raises EgressRefused where one of them is not public and the operator does not allow the
    destination, OSError where it has none.
    """
    if target.literal is not None:
        return [target.host]
    found = await resolve(target.host, target.port)
    for each in found if not target.allowed else ():
        # One bad answer condemns all: an honest name does not mix them.
        _judge_text(each)
    return list(dict.fromkeys(found))[:_MOST_ADDRESSES]


class FetchFailed(Exception):  # noqa: N818  # what came instead of an answer
    """No complete answer came; the message says why, in words that are safe to log."""


class CertificateRefused(FetchFailed):
    """The host's certificate was refused; the message says why."""


@dataclass(frozen=True)
class Fetched:
    """A complete answer."""

    status: int
    body: bytes
    headers: httpx.Headers


class JudgingTransport(httpx.AsyncBaseTransport):
    """Sends requests only to where the egress rule lets them; raises EgressRefused otherwise.

    A connection is never kept: it was judged for one name only.
    """

    def __init__(
        self, allow: Iterable[str] = (), ca_file: Path | None = None, resolve: Resolve = resolve
    ) -> None:
        self._allow = frozenset(allow)
        self._ca_file = ca_file
        self._resolve = resolve
        self._inner: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, to the first judged address that can be connected to."""
        target = destination(str(request.url), self._allow)
        failure: httpx.TransportError | None = None
        for address in await self._addresses(target):
            try:
                return await self._opened().handle_async_request(_pinned(request, target, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = failure or error
        raise failure or httpx.ConnectError("the name has no address")

    async def aclose(self) -> None:
        """Close what is open."""
        if self._inner is not None:
            await self._inner.aclose()

    async def _addresses(self, target: Destination) -> list[str]:
        try:
            return await judged_addresses(target, self._resolve)
        except OSError:
            raise httpx.ConnectError("the name cannot be resolved") from None

    def _opened(self) -> httpx.AsyncHTTPTransport:
        # Made on first use: loading the system's roots takes longer than all else of a start.
        if self._inner is None:
            context = ssl.create_default_context()
            if self._ca_file is not None:
                context.load_verify_locations(self._ca_file)
            # Without a most: a fetch cut off at the wrong moment stays in the pool for ever.
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            self._inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
        return self._inner


def _judge_text(address: str) -> None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        msg = "its name resolves to something that is no IP address"
        raise EgressRefused(msg) from None
    judge(found)


def _pinned(request: httpx.Request, target: Destination, address: str) -> httpx.Request:
    """Give the request for this IP address; Host header and certificate stay those of the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | {"sni_hostname": target.host},
    )


class Egress:
    """Fetches documents under the egress rule.

    `allow` are the entries `host[:port]` of the operator (`egress.allow`); `ca_file` is trusted
    besides the system's authorities.
    """

    def __init__(
        self, allow: Iterable[str] = (), ca_file: Path | None = None, resolve: Resolve = resolve
    ) -> None:
        self._allow = frozenset(allow)
        self._client = httpx.AsyncClient(
            transport=JudgingTransport(self._allow, ca_file, resolve),
            # `get` bounds the whole exchange; one dead address must not use all of it up.
            timeout=httpx.Timeout(None, connect=SECONDS / 2),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def get(
        self,
        address: str,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
        largest: int = LARGEST,
        redirects: int = 0,
    ) -> Fetched:
        """Fetch an address within limits of time and size; each redirect is judged anew.

        Redirects are answers like others unless `redirects` says how many are followed. Raises
        EgressRefused before anything is connected to, FetchFailed where no whole answer came, as
        CertificateRefused where the host's certificate was to blame.
        """
        return await self._bounded(
            self._followed(address, headers or {}, largest, redirects), seconds
        )

    async def post(
        self,
        address: str,
        form: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
        largest: int = LARGEST,
    ) -> Fetched:
        """Send a form, once and to nowhere else: a redirect is an answer. Raises as `get`."""
        return await self._bounded(self._posted(address, form, headers or {}, largest), seconds)

    async def _bounded(self, work: Awaitable[Fetched], seconds: float) -> Fetched:
        try:
            async with asyncio.timeout(seconds):
                return await work
        except (TimeoutError, httpx.TimeoutException):
            raise FetchFailed("it did not answer in time") from None
        except httpx.InvalidURL:
            raise EgressRefused("the address is not one") from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise _failure(error) from None

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _posted(
        self, address: str, form: Mapping[str, str], headers: Mapping[str, str], largest: int
    ) -> Fetched:
        destination(address, self._allow)
        request = self._client.build_request("POST", address, data=form, headers=headers)
        response = await self._client.send(request, stream=True, follow_redirects=False)
        async with aclosing(response):
            body = await _body(response, largest)
            return Fetched(response.status_code, body, response.headers)

    async def _followed(
        self, address: str, headers: Mapping[str, str], largest: int, redirects: int
    ) -> Fetched:
        # The text as given: httpx would already have put it into a form of its own.
        destination(address, self._allow)
        request = self._client.build_request("GET", address, headers=headers)
        for _ in range(redirects + 1):
            response = await self._client.send(request, stream=True, follow_redirects=False)
            async with aclosing(response):
                if response.next_request is None or not redirects:
                    body = await _body(response, largest)
                    return Fetched(response.status_code, body, response.headers)
                request = response.next_request
        raise FetchFailed("it redirects too often")


async def _body(response: httpx.Response, largest: int) -> bytes:
    received = bytearray()
    # Raw, so that a compressed bomb stays small; it is then simply not JSON.
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > largest:
            msg = f"it answered with more than {largest} bytes"
            raise FetchFailed(msg)
    return bytes(received)


def _failure(error: BaseException) -> FetchFailed:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateRefused(f"its certificate was refused ({cause.verify_message})")
        cause = cause.__cause__ or cause.__context__
    connecting = isinstance(error, httpx.ConnectError)
    return FetchFailed("it cannot be reached" if connecting else "it broke off")
