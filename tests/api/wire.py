"""Bytes on a real socket: what a client that keeps no rules sends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from imis_sso.cli.hosting import hosted, listen

#: Longer than any limit that a test sets, shorter than a test may hang.
PATIENCE = 20


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[int]:
    """Serve an application as `imis-sso serve` does, and give its port."""
    bound = listen("127.0.0.1", 0)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    async with hosted(app, bound):  # type: ignore[arg-type]
        yield bound.getsockname()[1]
    for each, handler in before.items():
        asyncio.get_running_loop().remove_signal_handler(each)
        signal.signal(each, handler)
    bound.close()


async def raw(port: int, request: bytes) -> bytes:
    """Send bytes and give what comes back first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(65536), 5)
    writer.close()
    return answer


async def until_closed(port: int, *parts: bytes) -> bytes:
    """Send bytes, then give everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for each in parts:
            writer.write(each)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()


def status_of(answer: bytes) -> int:
    """Give the status of an answer."""
    return int(answer.split(b" ", 2)[1])
