"""The proxy on the way to a product, where the registry names one (RFC 9110 section 9.3.6)."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from imis_sso.domain.secret import Secret

_MAX_HEAD: Final = 16 * 1024
_OK: Final = b" 200 "


@dataclass(frozen=True)
class Proxy:
    """A proxy that is spoken to in plain HTTP and makes tunnels, so that it sees no content."""

    host: str
    port: int
    username: str = ""
    password: Secret | None = None

    @property
    def server(self) -> str:
        """Its address, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


FindProxy = Callable[[], Awaitable[Proxy | None]]
"""Looks the proxy up when it is needed; raises SecretUnavailable where its source gives none."""


class ProxyRefused(OSError):  # noqa: N818  # what the proxy says, not an error of ours
    """The proxy does not make the tunnel."""


async def no_proxy() -> Proxy | None:
    """Give None: the way is direct."""
    return None


def parse_proxy(text: str) -> Proxy:
    """Read `http://[user:password@]host:port`. Raises ValueError, without a word of the text."""
    msg = "a proxy is written http://host:port"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(msg) from None
    plain = parts.path in {"", "/"} and not parts.query and not parts.fragment
    if parts.scheme != "http" or not parts.hostname or port is None or not plain:
        raise ValueError(msg)
    password = None if parts.password is None else Secret(unquote(parts.password))
    return Proxy(parts.hostname, port, unquote(parts.username or ""), password)


async def connected(
    host: str, port: int, context: ssl.SSLContext, proxy: Proxy | None
) -> asyncio.StreamWriter:
    """Connect to a server and verify its certificate, through the proxy where there is one.

    Raises OSError, ProxyRefused and ssl.SSLError.
    """
    if proxy is None:
        _, direct = await asyncio.open_connection(host, port, ssl=context)
        return direct
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port, limit=_MAX_HEAD)
    try:
        writer.write(_tunnel(host, port, proxy))
        await _accepted(reader)
        await writer.start_tls(context, server_hostname=host)
    except BaseException:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        raise
    return writer


async def _accepted(reader: asyncio.StreamReader) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        msg = "the proxy does not answer like one"
        raise ProxyRefused(msg) from None
    if _OK not in head.partition(b"\r\n")[0] + b" ":
        msg = "the proxy refuses the connection"
        raise ProxyRefused(msg)


def _tunnel(host: str, port: int, proxy: Proxy) -> bytes:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.password is not None:
        pair = f"{proxy.username}:{proxy.password.reveal()}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}")
    return "\r\n".join([*lines, "", ""]).encode()
