"""One request to iMIS and its answer: verified TLS, limits, and whether it was sent at all."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from time import time
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from imis_sso import __version__
from imis_sso.connectors.imis_rest import wire
from imis_sso.connectors.pace import Pace
from imis_sso.connectors.proxy import FindProxy, no_proxy
from imis_sso.domain.problems import Problem, UpstreamError, UpstreamTimeout, UpstreamUnavailable

_LARGEST: Final = 1024 * 1024
_CLOSE_SECONDS: Final = 1.0
# Of the time for a request, for each of TCP and TLS.
_CONNECT_SHARE: Final = 0.45


class _NoHeaders(logging.Filter):
    """Keeps answers' headers out of the HTTP library's debug log: cookies are secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "headers" not in record.getMessage()


for _name in ("httpcore.http11", "httpcore.connection", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_NoHeaders())


@dataclass(frozen=True, repr=False)
class Answer:
    """A complete answer of iMIS. It does not print itself: the body may hold a secret."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success: 200, 201, 202 or 204 (product facts 3.3)."""
        return self.status in {200, 201, 202, 204}

    @property
    def is_html(self) -> bool:
        """Whether it is a web page: the log-in page, or a proxy's error."""
        kind = self.headers.get("content-type", "")
        return "html" in kind.lower() or self.body.lstrip()[:1] == b"<"

    @property
    def retry_after(self) -> float | None:
        """Seconds that `Retry-After` asks to wait, as number or date (RFC 9110 section 10.2.3)."""
        return _seconds(self.headers.get("retry-after", ""))

    def json(self) -> Any:
        """Give the document in the body; raises UpstreamError where there is none."""
        if self.is_html:
            raise UpstreamError("iMIS answered with a web page in place of data")
        return wire.parse(self.body)


class NoAnswer(Exception):  # noqa: N818  # what came instead of one, not an error of ours
    """No complete answer came.

    `problem` is what to say of it, `sent` whether iMIS may have seen the request, `passing`
    whether it is worth another try, after `wait` seconds if iMIS asked for them.
    """

    def __init__(
        self, problem: Problem, *, sent: bool, passing: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(problem.detail)
        self.problem, self.sent, self.passing, self.wait = problem, sent, passing, wait


@dataclass(frozen=True, repr=False)
class Request:
    """A request as it goes out; `path` is below the base address."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


class Transport:
    """Connections to one iMIS. Certificates are always verified, redirects never followed."""

    def __init__(
        self,
        base_url: str,
        ca_file: Path | None,
        pace: Pace,
        *,
        proxy: FindProxy = no_proxy,
        user_agent: str = "",
    ) -> None:
        self._base_url, self._ca_file = base_url.rstrip("/") + "/", ca_file
        self._proxy, self._agent = proxy, f"imis-sso/{__version__} {user_agent}".strip()
        self._pace = pace
        self._client: httpx.AsyncClient | None = None

    @property
    def host(self) -> str:
        """Host and port of the base address, for messages."""
        return urlsplit(self._base_url).netloc

    async def send(self, request: Request, seconds: float) -> Answer:
        """Send a request and read its whole answer, at most 1 MiB, within that many seconds.

        Raises NoAnswer.
        """
        trace = _Trace(asyncio.get_running_loop().time() + seconds)
        try:
            await self._pace.turn()
            async with trace.limit:
                return await self._exchange(request, trace, seconds)
        except (TimeoutError, httpx.TimeoutException):
            await self.aclose()
            raise NoAnswer(self._late(trace.sent), sent=trace.sent) from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            await self.aclose()
            raise self._failure(error, trace.sent) from None

    async def aclose(self) -> None:
        """Close every connection; the next request opens a new one.

        Also after each failure: a request cut short at the wrong moment stays in the HTTP
        library's pool as one under way, and everybody after it would wait for its end.
        """
        client, self._client = self._client, None
        if client is not None:
            with suppress(TimeoutError, httpx.HTTPError, OSError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await client.aclose()

    async def _exchange(self, request: Request, trace: _Trace, seconds: float) -> Answer:
        client = await self._opened()
        built = client.build_request(
            request.method,
            request.path,
            headers=request.headers,
            content=request.content,
            timeout=httpx.Timeout(None, connect=_CONNECT_SHARE * seconds, pool=seconds),
            extensions={"trace": trace},
        )
        async with aclosing(await client.send(built, stream=True)) as response:
            return Answer(response.status_code, await _body(response), response.headers)

    async def _opened(self) -> httpx.AsyncClient:
        # Made on first use: loading the system's roots takes longer than all else of a start.
        if self._client is None:
            proxy = await self._way()
            self._client = httpx.AsyncClient(
                proxy=proxy,
                base_url=self._base_url,
                verify=self._context,
                trust_env=False,
                timeout=None,  # noqa: S113  # `send` bounds the whole exchange, not its parts  # nosec B113
                limits=httpx.Limits(max_connections=1),
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    "User-Agent": self._agent,
                },
                # A cookie would be a second identity beside the token.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            )
        return self._client

    async def _way(self) -> httpx.Proxy | None:
        try:
            proxy = await self._proxy()
        except Problem as problem:
            raise NoAnswer(problem, sent=False) from None
        if proxy is None:
            return None
        password = "" if proxy.password is None else proxy.password.reveal()
        auth = None if proxy.password is None else (proxy.username, password)
        return httpx.Proxy(proxy.server, auth=auth)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            try:
                context.load_verify_locations(self._ca_file)
            except OSError as error:
                reason = error.strerror or "not a file of PEM certificates"
                text = f"the ca_file {self._ca_file} cannot be used: {reason}"
                raise NoAnswer(UpstreamUnavailable(text), sent=False) from None
        return context

    def _late(self, sent: bool) -> Problem:
        doing = "did not answer in time" if sent else "could not be reached in time"
        return UpstreamTimeout(f"iMIS at {self.host} {doing}")

    def _failure(self, error: Exception, sent: bool) -> NoAnswer:
        distrust = _tls_failure(error)
        if distrust is not None:
            text = f"no trusted connection to iMIS at {self.host}: {distrust}"
            return NoAnswer(UpstreamUnavailable(text), sent=sent)
        if not sent:
            through = " through the proxy" if isinstance(error, httpx.ProxyError) else ""
            text = f"iMIS at {self.host} cannot be reached{through}"
            return NoAnswer(UpstreamUnavailable(text), sent=False, passing=True)
        text = f"iMIS at {self.host} broke off the connection before its answer was complete"
        return NoAnswer(UpstreamError(text), sent=True, passing=True)


class _Trace:
    """Notes the moment from which iMIS may have seen the request; from then on, `limit` runs.

    Before that the library's own limit holds: a handshake that is cancelled from outside would
    leave its socket open.
    """

    def __init__(self, end: float) -> None:
        self._end, self.limit = end, asyncio.timeout(None)
        self.sent = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "http11.send_request_headers.started" and not _is_tunnel(info):
            self.sent = True
            self.limit.reschedule(self._end)


def _is_tunnel(info: Mapping[str, Any]) -> bool:
    # To a proxy: iMIS has seen nothing by then.
    return getattr(info.get("request"), "method", b"") == b"CONNECT"


async def _body(response: httpx.Response) -> bytes:
    received = bytearray()
    # Raw, so that a compressed bomb stays small; it is then simply not JSON.
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > _LARGEST:
            raise NoAnswer(UpstreamError("iMIS answered with more than 1 MiB"), sent=True)
    return bytes(received)


def _tls_failure(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate was refused ({error.verify_message})"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed ({error.reason or 'no reason given'})"
        error = error.__cause__ or error.__context__
    return None


def _seconds(text: str) -> float | None:
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, OverflowError):
        return None
