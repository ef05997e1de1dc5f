"""A request that is given up at any moment leaves the way free for the next one (targets R6)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random

import pytest

from imis_sso.connectors.imis_rest.transport import NoAnswer, Request, Transport
from imis_sso.connectors.pace import Pace

pytestmark = pytest.mark.anyio

REQUESTS = 800
SECONDS = 0.005
#: Large enough that it arrives in parts.
BODY = b"x" * 200_000


class Hesitant:
    """A server that answers just before, or just after, its caller gives up."""

    def __init__(self) -> None:
        self._dice = Random(1)
        self.hesitates = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if self.hesitates:
                    await asyncio.sleep(self._dice.uniform(0, 1.1 * SECONDS))
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n"
                writer.write(head.encode() + BODY)
                await writer.drain()
        writer.close()


async def test_a_request_cut_off_at_any_moment_does_not_block_those_behind_it() -> None:
    """Once a connection was left behind as busy, iMIS was out of reach until a restart."""
    hesitant = Hesitant()
    server = await asyncio.start_server(hesitant.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    transport = Transport(f"http://{host}:{port}", None, Pace(1_000_000))
    given_up = 0
    for _ in range(REQUESTS):
        try:
            await transport.send(Request("GET", "api"), SECONDS)
        except NoAnswer:
            given_up += 1
    hesitant.hesitates = False

    answer = await transport.send(Request("GET", "api"), 10.0)

    assert (answer.status, answer.body) == (200, BODY)
    assert given_up > 0
    await transport.aclose()
    server.close()
