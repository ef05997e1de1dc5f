"""The entrance: every request passes here before any route (contract section 5, C16, C43).

One plain ASGI class does request ids, size limits, authentication and rate limits, so that an
unknown path behind the door tells an unknown caller nothing, and every failure is a problem.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Container
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imis_sso.api.answers import problem_answer, store_problem
from imis_sso.api.body import MAX_BYTES, too_large
from imis_sso.api.limits import RateLimit
from imis_sso.domain.access import Principal
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import InternalError, Problem, Unauthenticated

logger = logging.getLogger(__name__)

SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    # Pages bring a policy of their own, with their style in it.
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
Authenticate = Callable[[str], Awaitable[Principal | None]]

_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz"


def new_request_id() -> str:
    """Make a request id of letters only: digits could read as 404 in an error (contract C30)."""
    return "".join(secrets.choice(_LETTERS) for _ in range(20))


class Entrance:
    """The ASGI middleware around the whole application.

    `authenticate` gives the caller behind a bearer token, or None; it may refuse with a problem of
    its own. `openings` are the paths that need no token.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticate: Authenticate,
        limit: RateLimit,
        openings: Container[str],
    ) -> None:
        self._app = app
        self._openings = openings
        self._authenticate = authenticate
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Visit(scope, receive, send).serve(self._app, self._admit)

    async def _admit(self, path: str, headers: Headers) -> Principal | None:
        if path in self._openings:
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        principal = await self._authenticate(token.strip()) if scheme.lower() == "bearer" else None
        if principal is None:
            msg = "This needs a valid token: send Authorization: Bearer <token>."
            raise Unauthenticated(msg)
        self._limit.take(principal.name)
        return principal


class _Visit:
    """One request on its way through the entrance."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._id = new_request_id()
        self._status = 0
        self._begun = time.monotonic()

    async def serve(
        self, app: ASGIApp, admit: Callable[[str, Headers], Awaitable[Principal | None]]
    ) -> None:
        scope = self._scope
        path = scope["path"].rstrip("/") or "/"
        scope["path"], scope["raw_path"] = path, path.encode()
        state = scope.setdefault("state", {})
        state.update(request_id=self._id, arrived=self._begun, principal=None)
        try:
            principal = await admit(path, Headers(scope=scope))
            state["principal"] = principal
            body = await self._read_body()
            await app(scope, _replay(body, self._receive), self._answer)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except Problem as problem:
            await self._fail(problem)
        except StoreUnavailable as error:
            await self._fail(store_problem(error))
        except Exception:
            logger.exception("unexpected failure request_id=%s", self._id)
            await self._fail(InternalError(f"The service failed; its log names {self._id}."))
        self._log(path)

    async def _read_body(self) -> bytes:
        length = Headers(scope=self._scope).get("content-length", "0")
        # Cut off: a number of thousands of digits cannot even be read.
        if length.isdecimal() and int(length[:20]) > MAX_BYTES:
            raise too_large()
        chunks, size, more = [], 0, True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientDisconnect  # RFC 9112 8: half a request is never acted on
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > MAX_BYTES:
                raise too_large()
            more = message.get("more_body", False)
        return b"".join(chunks)

    async def _answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def _fail(self, problem: Problem) -> None:
        if self._status:
            return  # the answer is on its way already; uvicorn closes the connection
        answer = problem_answer(problem, self._scope["method"], self._id)
        await answer(self._scope, self._receive, self._answer)

    def _log(self, path: str) -> None:
        principal = self._scope["state"]["principal"]
        logger.info(
            "%s %s %d %.0fms by=%s request_id=%s",
            self._scope["method"],
            path[:200].encode("ascii", "backslashreplace").decode(),
            self._status,
            (time.monotonic() - self._begun) * 1000,
            principal.name if principal else "-",
            self._id,
        )


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replayed() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
