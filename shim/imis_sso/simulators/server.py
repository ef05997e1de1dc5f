"""HTTPS servers on loopback, all in one thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp

    from imis_sso.simulators.tls import Certificate

logger = logging.getLogger(__name__)

THREAD_NAME = "imis-sso-simulators"
TRANSPORT_KEY = "imis_sso.transport"
REASON_HEADER = b"x-reason-phrase"
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Listener:
    """One application, the bound socket it listens on, and its certificate.

    `greeted` may show another certificate, each time that a client connects.
    """

    app: ASGIApp
    socket: socket.socket
    certificate: Certificate
    greeted: Callable[[ssl.SSLObject, object, object], None] | None = None


def bind(port: int = 0) -> socket.socket:
    """Bind a port of 127.0.0.1, 0 for any free one.

    Raises OSError with the address in its text where the port is taken.
    """
    # With its protocol named, asyncio turns Nagle off for what is accepted: 40 ms for each answer.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise OSError(error.errno, f"127.0.0.1:{port}: {error.strerror}") from None
    return bound


class ServerThread:
    """Serves listeners over TLS from one event loop in a daemon thread."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Start serving; returns when every listener answers.

        Raises RuntimeError if they do not within ten seconds.
        """
        for name in ("uvicorn.error", "httpx"):
            logging.getLogger(name).addFilter(_is_foreign)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            message = "the simulated servers did not start"
            raise RuntimeError(message) from self._failure

    def stop(self) -> None:
        """Abort every connection and end the thread; harmless when it was never started."""
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits in start()
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        servers = [uvicorn.Server(_Config(listener)) for listener in self._listeners]
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener.socket]))
            for server, listener in zip(servers, self._listeners, strict=True)
        ]
        while not all(server.started for server in servers):
            await asyncio.sleep(0.002)
            for task in filter(asyncio.Task.done, tasks):
                task.result()
        self._ready.set()
        await self._stop.wait()
        for server in servers:
            server.should_exit = True
            _abort_all(server)
        await asyncio.gather(*tasks, return_exceptions=True)


def reset_connection(transport: asyncio.Transport) -> None:
    """Drop a connection so that the peer sees a reset rather than an orderly end."""
    if transport.is_closing():
        return  # the peer was faster; what is left of TLS cannot even be asked for its socket
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def when_lost(transport: asyncio.Transport, act: Callable[[], None]) -> None:
    """Do something, once, as soon as the connection of the present request is gone."""
    protocol = transport.get_protocol()
    if isinstance(protocol, _Protocol):
        protocol.when_lost = act


def _abort_all(server: uvicorn.Server) -> None:
    for connection in list(server.server_state.connections):
        transport = getattr(connection, "transport", None)
        if transport is not None:
            transport.abort()
    for task in list(server.server_state.tasks):
        task.cancel()


def _is_foreign(record: logging.LogRecord) -> bool:
    """Pass what other servers of this process log, and exceptions of our own."""
    return record.threadName != THREAD_NAME or record.exc_info is not None


class _Config(uvicorn.Config):
    def __init__(self, listener: Listener) -> None:
        super().__init__(
            listener.app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
            ssl_certfile=str(listener.certificate.chain_file),
            ssl_keyfile=str(listener.certificate.key_file),
        )
        self._greeted = listener.greeted

    def load(self) -> None:
        """Also choose the certificate anew for each connection, where that is wanted."""
        super().load()
        if self.ssl is not None and self._greeted is not None:
            self.ssl.sni_callback = self._greeted

    def configure_logging(self) -> None:
        """Leave the process's loggers alone: the service may log through the same ones."""


class _Protocol(H11Protocol):
    """HTTP/1.1 that hands its transport to the application and can name a reason phrase."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.access_log = False
        self.conn = _Connection(h11.SERVER, 64 * 1024)
        self._application = self.app
        self.app = self._serve_with_transport
        self.when_lost: Callable[[], None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request in flight, before whatever comes next can arrive."""
        if self.when_lost is not None:
            self.when_lost()
        super().connection_lost(exc)

    async def _serve_with_transport(self, scope: Any, receive: Any, send: Any) -> None:
        scope[TRANSPORT_KEY] = self.transport
        with contextlib.suppress(asyncio.CancelledError):
            await self._application(scope, receive, send)


class _Connection(h11.Connection):
    """Product facts 3.3 give an error's reason phrase, which ASGI has no place for."""

    def send(self, event: h11.Event) -> bytes | None:  # type: ignore[override]
        if isinstance(event, h11.Response):
            event = _with_reason(event)
        return super().send(event)


def _with_reason(response: h11.Response) -> h11.Response:
    kept = [(name, value) for name, value in response.headers if name != REASON_HEADER]
    reason = dict(response.headers).get(REASON_HEADER, response.reason)
    return h11.Response(status_code=response.status_code, headers=kept, reason=reason)
