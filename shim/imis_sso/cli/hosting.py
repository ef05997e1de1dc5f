"""Listening: sockets, the server's life, the ready file, logging."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imis_sso.cli.console import Failure

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from imis_sso.cli.tls import Certificates

HANDSHAKE_SECONDS = 10
SHUTDOWN_SECONDS = 55  # a write that has begun is finished: it takes less than 50 (contract C33)


def listen(host: str, port: int) -> socket.socket:
    """Bind an address; raises `Failure` in one line where it is taken or not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _not_ours(host, port, error) from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise _not_ours(host, port, error) from None
    return bound


def _not_ours(host: str, port: int, error: OSError) -> Failure:
    return Failure(f"cannot listen on {host}:{port}: {error.strerror or error}")


def address_of(bound: socket.socket, *, tls: bool = False) -> str:
    """Give the base URL of a bound socket."""
    host, port = bound.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


@asynccontextmanager
async def hosted(
    app: FastAPI, bound: socket.socket, certificates: Certificates | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve an application on a socket while the block runs; gives the server's task.

    The task ends when the process is told to stop (SIGINT, SIGTERM). With certificates it serves
    HTTPS, and SIGHUP has them looked at again at once (contract C42).
    """
    config, started = _configured(app), asyncio.Event()
    config.ssl = certificates.context if certificates else None
    server = _server(config, started)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    running = asyncio.create_task(server.serve(sockets=[bound]))
    await started.wait()
    try:
        async with _watched(certificates):
            yield running
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def _watched(certificates: Certificates | None) -> AsyncIterator[None]:
    if certificates is None:
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, certificates.reload)
    watching = asyncio.create_task(certificates.watch())
    try:
        yield
    finally:
        watching.cancel()
        loop.remove_signal_handler(signal.SIGHUP)


def _configured(app: FastAPI) -> uvicorn.Config:
    import uvicorn

    from imis_sso.cli.connection import Connection

    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    config.load()
    return config


def _server(config: uvicorn.Config, started: asyncio.Event) -> uvicorn.Server:
    import uvicorn

    from imis_sso.cli.connection import CLOSING_SECONDS

    class Server(uvicorn.Server):
        """A server that leaves signals to us and waits only so long for a TLS handshake.

        uvicorn would raise the signal again after its end, and the process would die before it
        has closed browsers and removed temporary directories.
        """

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            try:
                self.servers = [await self._listening(each) for each in sockets or ()]
                self.started = True
            finally:
                started.set()

        async def _listening(self, bound: socket.socket) -> asyncio.Server:
            return await asyncio.get_running_loop().create_server(
                lambda: config.http_protocol_class(config, self.server_state, {}),  # type: ignore[call-arg]
                sock=bound,
                ssl=config.ssl,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if config.ssl else None,
                ssl_shutdown_timeout=CLOSING_SECONDS if config.ssl else None,
                backlog=config.backlog,
            )

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(config)


def write_ready_file(path: Path, content: Mapping[str, Any]) -> None:
    """Write one JSON object, 0600, renamed into place when it is whole.

    Raises `Failure` where it cannot be written.
    """
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        Path(draft).replace(path)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}") from None


def log_to_stderr(level: str) -> None:
    """Send the service's log to standard error; other libraries only from warnings on."""
    logging.basicConfig(
        stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    logging.getLogger("imis_sso").setLevel(level.upper())
