"""Where every request to a simulated product comes in: counted, and perhaps spoilt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from imis_sso.simulators.counters import Visit
from imis_sso.simulators.server import TRANSPORT_KEY, reset_connection, when_lost

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from imis_sso.simulators.faults import Fault
    from imis_sso.simulators.log import Attempt
    from imis_sso.simulators.product import Product

CONTROL_PATH = "/_control"
_ATTEMPT_KEY = "imis_sso.attempt"
_CLOSE_SECONDS = 1.0
_SILENT_SECONDS = 60.0

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


def attempt_of(request: Request) -> Attempt:
    """Give the request as the product's log has it, to take faults by."""
    attempt: Attempt = request.scope[_ATTEMPT_KEY]
    return attempt


class _Gate:
    def __init__(self, app: ASGIApp, product: Product, routes: list[tuple[Route, Entry]]) -> None:
        self._app, self._product, self._routes = app, product, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PATH + "/"):
            await self._app(scope, receive, send)
            return
        visit = self._recognise(scope)
        attempt = self._product.log.begin(visit)
        scope[_ATTEMPT_KEY] = attempt
        answer = _Answer(self._product, send, attempt)
        self._product.counters.arrive(visit)
        when_lost(scope[TRANSPORT_KEY], answer.leave)
        try:
            await self._spoil(attempt, scope, await _Arrived.whole(receive), answer)
        finally:
            answer.leave()
            attempt.over = True

    def _recognise(self, scope: Scope) -> Visit:
        method, path = scope["method"], scope["path"]
        for route, entry in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                template = path if entry.path.endswith(":path}") else entry.path
                return Visit(method, path, template, entry.role, entry.is_page)
        return Visit(method, path, path, "other")

    async def _spoil(
        self, attempt: Attempt, scope: Scope, arrived: _Arrived, answer: _Answer
    ) -> None:
        receive, take = arrived.receive, self._product.take
        if fault := take(attempt, "latency"):
            await asyncio.sleep(fault.params.get("seconds", 1.0))
        if fault := take(attempt, "status"):
            await self._refuse(fault, scope, arrived, answer)
        elif fault := take(attempt, "timeout"):
            await self._fall_silent(fault, scope, arrived, answer)
        elif take(attempt, "reset"):
            await _reset(scope, receive, answer)
        elif take(attempt, "answer_lost"):
            await self._app(scope, receive, _swallow)
            await _reset(scope, receive, answer)
        elif fault := take(attempt, "truncate"):
            await self._app(scope, receive, _Truncated(fault, scope, receive, answer))
        elif fault := take(attempt, "slow_close"):
            await self._app(scope, receive, _SlowClose(fault, answer.send))
        else:
            await self._app(scope, receive, answer.send)

    async def _refuse(self, fault: Fault, scope: Scope, arrived: _Arrived, answer: _Answer) -> None:
        if fault.params.get("stored"):
            await self._app(scope, arrived.receive, _swallow)
        refusal = await _refusal(fault, scope, arrived.again())
        await refusal(scope, arrived.receive, answer.send)

    async def _fall_silent(
        self, fault: Fault, scope: Scope, arrived: _Arrived, answer: _Answer
    ) -> None:
        """Answer nothing, whether the work was done or not, until the peer has had enough."""
        if fault.params.get("stored"):
            await self._app(scope, arrived.receive, _swallow)
        try:
            seconds = fault.params.get("seconds", _SILENT_SECONDS)
            await asyncio.wait_for(_until_disconnected(arrived.receive), seconds)
        except TimeoutError:
            await _reset(scope, arrived.receive, answer)


class _Arrived:
    """A request that has arrived as a whole: it is worked on also if its sender goes away."""

    def __init__(self, body: list[Message], receive: Receive) -> None:
        self._body, self._receive = body, receive
        self.receive = self.again()

    @classmethod
    async def whole(cls, receive: Receive) -> _Arrived:
        """Wait for the end of the body, or of the connection."""
        body = [await receive()]
        while body[-1].get("more_body", False):
            body.append(await receive())
        return cls(body, receive)

    def again(self) -> Receive:
        """Give the body from its beginning, then what the connection tells."""
        left = list(self._body)

        async def receive() -> Message:
            return left.pop(0) if left else await self._receive()

        return receive


class _Answer:
    """Takes the request out of flight before the peer can know that it is answered.

    A peer that gives up and goes away has taken it out of flight itself.
    """

    def __init__(self, product: Product, send: Send, attempt: Attempt) -> None:
        self._counters, self._send, self._left = product.counters, send, False
        self._attempt = attempt

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._attempt.status = message["status"]
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
            if message["status"] == HTTPStatus.NO_CONTENT:
                # It ends with its head.
                await asyncio.sleep(self._seconds)
                self._seconds = 0.0
            headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            await self._send({**message, "headers": headers})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await asyncio.sleep(self._seconds)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
