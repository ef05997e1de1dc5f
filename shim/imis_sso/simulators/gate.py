"""Where every request to a simulated product comes in: counted, and perhaps spoilt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from imis_sso.simulators.counters import Visit
from imis_sso.simulators.server import TRANSPORT_KEY, reset_connection

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from imis_sso.simulators.faults import Fault
    from imis_sso.simulators.product import Product

CONTROL_PATH = "/_control"
_VISIT_KEY = "imis_sso.visit"
_CLOSE_SECONDS = 1.0

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Entry:
    """One route of a product: what it answers, and the role it plays (see `Visit`)."""

    method: str
    path: str
    endpoint: Endpoint
    role: str = "other"
    is_page: bool = False


def product_app(
    product: Product, entries: Sequence[Entry], control: Sequence[BaseRoute]
) -> ASGIApp:
    """Build a product's application: its routes and the control API, behind a gate."""
    routes = [Route(entry.path, entry.endpoint, methods=[entry.method]) for entry in entries]
    app = Starlette(routes=[*control, *routes])
    app.router.redirect_slashes = False
    return _Gate(app, product, list(zip(routes, entries, strict=True)))


def visit_of(request: Request) -> Visit:
    """Give the request as the gate recognised it, to take faults by."""
    visit: Visit = request.scope[_VISIT_KEY]
    return visit


class _Gate:
    def __init__(self, app: ASGIApp, product: Product, routes: list[tuple[Route, Entry]]) -> None:
        self._app, self._product, self._routes = app, product, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PATH + "/"):
            await self._app(scope, receive, send)
            return
        visit = self._recognise(scope)
        scope[_VISIT_KEY] = visit
        answer = _Answer(self._product, send)
        self._product.counters.arrive(visit)
        try:
            await self._spoil(visit, scope, receive, answer)
        finally:
            answer.leave()

    def _recognise(self, scope: Scope) -> Visit:
        method, path = scope["method"], scope["path"]
        for route, entry in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                template = path if entry.path.endswith(":path}") else entry.path
                return Visit(method, path, template, entry.role, entry.is_page)
        return Visit(method, path, path, "other")

    async def _spoil(self, visit: Visit, scope: Scope, receive: Receive, answer: _Answer) -> None:
        take = self._product.faults.take
        if fault := take(visit, "latency"):
            await asyncio.sleep(fault.params.get("seconds", 1.0))
        if fault := take(visit, "status"):
            await (await _refusal(fault, scope, receive))(scope, receive, answer.send)
        elif take(visit, "reset"):
            await _reset(scope, receive, answer)
        elif take(visit, "answer_lost"):
            await self._app(scope, receive, _swallow)
            await _reset(scope, receive, answer)
        elif fault := take(visit, "truncate"):
            await self._app(scope, receive, _Truncated(fault, scope, receive, answer))
        elif fault := take(visit, "slow_close"):
            await self._app(scope, receive, _SlowClose(fault, answer.send))
        else:
            await self._app(scope, receive, answer.send)


class _Answer:
    """Takes the request out of flight before the peer can know that it is answered."""

    def __init__(self, product: Product, send: Send) -> None:
        self._counters, self._send, self._left = product.counters, send, False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.leave()
        await self._send(message)

    def leave(self) -> None:
        if not self._left:
            self._left = True
            self._counters.leave()


async def _refusal(fault: Fault, scope: Scope, receive: Receive) -> Response:
    """Answer a status; with `echo`, the body repeats what was sent, as some gateways do."""
    params = fault.params
    body = params.get("body", "")
    if params.get("echo"):
        body = f"{body}{(await Request(scope, receive).body()).decode('utf-8', 'replace')}"
    headers = {"Retry-After": str(params["retry_after"])} if "retry_after" in params else {}
    is_text = isinstance(body, str)
    return Response(
        body if is_text else json.dumps(body),
        status_code=params.get("status", 503),
        headers=headers,
        media_type=params.get("media_type", "text/plain" if is_text else "application/json"),
    )


async def _reset(scope: Scope, receive: Receive, answer: _Answer) -> None:
    answer.leave()
    reset_connection(scope[TRANSPORT_KEY])
    await _until_disconnected(receive)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _swallow(_message: Message) -> None:
    """Lose the answer: the product has done its work, nobody hears of it."""


class _Truncated:
    """Sends the head, `keep` bytes of the body (half of it by default), and ends the connection."""

    def __init__(self, fault: Fault, scope: Scope, receive: Receive, answer: _Answer) -> None:
        self._keep = fault.params.get("keep")
        self._scope, self._receive, self._answer = scope, receive, answer
        self._done = False

    async def __call__(self, message: Message) -> None:
        if self._done or message["type"] != "http.response.body":
            await self._pass(message)
            return
        self._done = True
        body: bytes = message.get("body", b"")
        kept = body[: len(body) // 2 if self._keep is None else self._keep]
        await self._answer.send({**message, "body": kept, "more_body": True})
        await self._end()

    async def _pass(self, message: Message) -> None:
        if not self._done:
            await self._answer.send(message)

    async def _end(self) -> None:
        self._answer.leave()
        transport: asyncio.Transport = self._scope[TRANSPORT_KEY]
        transport.close()
        try:
            await asyncio.wait_for(_until_disconnected(self._receive), _CLOSE_SECONDS)
        except TimeoutError:
            transport.abort()
            await _until_disconnected(self._receive)


class _SlowClose:
    """Sends everything but the end of the body, which follows after a while."""

    def __init__(self, fault: Fault, send: Send) -> None:
        self._seconds, self._send = fault.params.get("seconds", 1.0), send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            await self._send({**message, "headers": headers})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await asyncio.sleep(self._seconds)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
