"""One connection of a caller: how much it may send, and how slowly (contract C43).

What is refused here never was a request to the application. The answer is a problem all the same
(RFC 9457), of type `about:blank`, and the connection ends with it.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from imis_sso.api.answers import PROBLEM_TYPE
from imis_sso.api.entrance import new_request_id

MAX_HEAD_BYTES: Final = 32 * 1024
MAX_TARGET_BYTES: Final = 8 * 1024
MAX_HEADERS: Final = 100
MAX_CONNECTIONS: Final = 500
HEAD_SECONDS: Final = 10.0
"""From the connection, or the answer before, to the end of a request's head."""
BODY_SECONDS: Final = 20.0
"""From the end of the head to the end of the body."""
READING_SECONDS: Final = 20.0
"""How long a caller may leave its answer unread once the buffers are full."""
CLOSING_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 5


class _Wire(h11.Connection):
    """Reads requests, refuses those that two readers could understand in two ways.

    `refused` is the status for the error that was raised last.
    """

    refused = HTTPStatus.BAD_REQUEST

    def next_event(self) -> Any:
        """Give the next event; raises `h11.RemoteProtocolError` for what is refused."""
        try:
            event = super().next_event()
            if isinstance(event, h11.Request):
                _check(event)
        except h11.RemoteProtocolError as error:
            # h11's hint for an unknown coding is 501; to try again would not help (contract C31).
            known = error.error_status_hint < HTTPStatus.INTERNAL_SERVER_ERROR
            self.refused = HTTPStatus(error.error_status_hint if known else 400)
            raise
        return event


def _check(request: h11.Request) -> None:
    names = [name.lower() for name, _ in request.headers]
    size = sum(len(name) + len(value) for name, value in request.headers)
    if len(request.target) > MAX_TARGET_BYTES:
        msg = f"The address may have at most {MAX_TARGET_BYTES} bytes."
        raise h11.RemoteProtocolError(msg, HTTPStatus.REQUEST_URI_TOO_LONG)
    if len(names) > MAX_HEADERS or size > MAX_HEAD_BYTES:
        msg = f"At most {MAX_HEADERS} headers with {MAX_HEAD_BYTES} bytes are taken."
        raise h11.RemoteProtocolError(msg, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    # RFC 9112 6.1: who forwards such a request may see another end of it than we do.
    if b"transfer-encoding" in names and (
        b"content-length" in names or request.http_version < b"1.1"
    ):
        msg = "Transfer-Encoding stands beside Content-Length, or in HTTP/1.0."
        raise h11.RemoteProtocolError(msg)


class Connection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with bounds in number, size and time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = self._wire = _Wire(h11.SERVER, MAX_HEAD_BYTES)
        self._awaits: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the time for the first head; a connection too many is told so and closed."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections are open.")
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget all times."""
        self._await(None, 0)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless the connection is being closed."""
        if not self.transport.is_closing():
            super().data_received(data)
            self._watch()

    def on_response_complete(self) -> None:
        """Go on with what comes after an answer."""
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; uvicorn's own words are the same for everything."""
        del msg
        self._refuse(self._wire.refused, "This is not a request that every server reads alike.")

    def shutdown(self) -> None:
        """End with the server; what is being closed already ends by itself."""
        if not self.transport.is_closing():
            super().shutdown()

    def pause_writing(self) -> None:
        """Give a caller who does not read some time, then none."""
        super().pause_writing()
        self._unread = self.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Forget that time: the caller reads."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def _watch(self) -> None:
        """Have a time for what is awaited of the caller: a head, a body, or nothing."""
        if self.transport.is_closing():
            self._await(None, 0)
        elif self.conn.their_state is h11.IDLE:
            self._await("head", HEAD_SECONDS)
        elif self.conn.their_state is h11.SEND_BODY:
            self._await("body", BODY_SECONDS)
        else:
            self._await(None, 0)

    def _await(self, what: str | None, seconds: float) -> None:
        if what == self._awaits:
            return
        self._awaits = what
        if self._timer is not None:
            self._timer.cancel()
        late = f"The request's {what} did not come within {seconds:.0f} seconds."
        self._timer = (
            self.loop.call_later(seconds, self._refuse, HTTPStatus.REQUEST_TIMEOUT, late)
            if what
            else None
        )

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer, unless an answer has begun already, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(_answer(status, detail))
        self.transport.close()
        # What is not read of the answer must not keep the connection.
        self.loop.call_later(CLOSING_SECONDS, self.transport.abort)
        self._watch()


def _answer(status: HTTPStatus, detail: str) -> bytes:
    """Give a whole answer as bytes: h11 counts what it sends, and has lost count by now."""
    problem = {
        "detail": detail,
        "type": "about:blank",
        "title": status.phrase,
        "status": status,
        "errors": [],
        "request_id": new_request_id(),
    }
    body = json.dumps(problem).encode()
    retry = (
        f"Retry-After: {RETRY_SECONDS}\r\n" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    )
    head = (
        f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {PROBLEM_TYPE}\r\n{retry}"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
