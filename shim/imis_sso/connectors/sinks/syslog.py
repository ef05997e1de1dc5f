"""Syslog, as RFC 5424 says; over a stream with octet counting (RFC 6587, RFC 5425)."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from imis_sso.connectors.base import SinkUnavailable

PRIORITY: Final = 10 * 8 + 5
"""Facility authpriv, severity notice (RFC 5424 section 6.2.1)."""
SECONDS: Final = 5.0


class SyslogSink:
    """Sends each entry as a message to `udp://`, `tcp://` or `tls://host:port`, or `unix:///path`.

    See the protocol `Sink`. Datagrams may be lost without anybody knowing: prefer `tls`.
    """

    def __init__(self, name: str, address: str, ca_file: Path | None = None) -> None:
        self.name, self._parts, self._ca_file = name, urlsplit(address), ca_file

    async def send(self, batch: Sequence[str]) -> None:
        """Send a batch; raises SinkUnavailable."""
        messages = [self._message(each) for each in batch]
        try:
            async with asyncio.timeout(SECONDS):
                if self._parts.scheme in ("udp", "unix"):
                    await asyncio.to_thread(self._datagrams, messages)
                else:
                    await self._stream(messages)
        except TimeoutError:
            msg = "it did not take the lines in time"
            raise SinkUnavailable(msg) from None
        except ssl.SSLError as error:
            raise SinkUnavailable(f"TLS failed: {error.reason}") from None
        except OSError as error:
            raise SinkUnavailable(error.strerror or "it cannot be reached") from None

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _message(self, entry: str) -> bytes:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = f"<{PRIORITY}>1 {at} {socket.gethostname()} imis-sso {os.getpid()} audit -"
        return f"{head} {entry}".encode()

    def _datagrams(self, messages: Sequence[bytes]) -> None:
        parts = self._parts
        local = parts.scheme == "unix"
        family = socket.AF_UNIX if local else _family(parts.hostname or "")
        where: str | tuple[str, int] = parts.path if local else (parts.hostname or "", _port(parts))
        with socket.socket(family, socket.SOCK_DGRAM) as opened:
            opened.settimeout(SECONDS)
            opened.connect(where)
            for each in messages:
                opened.send(each)

    async def _stream(self, messages: Sequence[bytes]) -> None:
        context = self._context() if self._parts.scheme == "tls" else None
        _, writer = await asyncio.open_connection(
            self._parts.hostname, _port(self._parts), ssl=context
        )
        try:
            for each in messages:
                writer.write(f"{len(each)} ".encode() + each)
            await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context


def _port(parts: object) -> int:
    port = getattr(parts, "port", None)
    return port or (6514 if getattr(parts, "scheme", "") == "tls" else 514)


def _family(host: str) -> socket.AddressFamily:
    return socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][0]
