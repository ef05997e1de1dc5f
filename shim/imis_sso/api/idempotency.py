"""`Idempotency-Key` on every POST below `/v1`: done once, answered as often as asked (C35).

A layer around the whole application, inside the entrance: a new POST route has it without a word.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imis_sso.domain.idempotency import Claim, KeptAnswer
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import FieldError, InvalidSettings
from imis_sso.store.base import Idempotency

logger = logging.getLogger(__name__)

HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
MAX_LENGTH: Final = 255
PREFIX: Final = "/v1/"
_NOT_KEPT: Final = frozenset({401, 403, 429})
"""Answers to the caller rather than to the request; 5xx is not kept either: to be tried again."""


class IdempotentPosts:
    """The ASGI middleware. It needs the caller in the scope's state, and the body in one piece."""

    def __init__(self, app: ASGIApp, store: Idempotency) -> None:
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        keys = _keys(scope)
        caller = scope["state"]["principal"] if keys else None
        if caller is None:
            await self._app(scope, receive, send)
            return
        key = _checked(keys)
        message = await receive()
        digest = _digest(scope, message.get("body", b""))
        found = await self._store.claim(caller.name, key, digest)
        if isinstance(found, KeptAnswer):
            await _replay(found, send)
            return
        await self._serve(found, scope, _again(message, receive), send)

    async def _serve(self, claim: Claim, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Recorded()
        try:
            await self._app(scope, receive, answer.take)
        except BaseException:
            await self._store.release(claim)
            raise
        await self._keep(claim, answer.kept())
        for message in answer.messages:
            await send(message)

    async def _keep(self, claim: Claim, answer: KeptAnswer) -> None:
        """Keep an answer before it is sent, so that whoever has it can have it again."""
        try:
            if answer.status in _NOT_KEPT or answer.status >= 500:  # noqa: PLR2004
                await self._store.release(claim)
            else:
                await self._store.keep(claim, answer)
        except StoreUnavailable as error:
            # What was done is done: the caller is told so, and the claim ends by its age.
            logger.warning("an answer could not be kept for its key: %s", error)


class _Recorded:
    """An answer as the application gives it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    def kept(self) -> KeptAnswer:
        start = self.messages[0]
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]
        )
        body = b"".join(each.get("body", b"") for each in self.messages[1:])
        return KeptAnswer(start["status"], headers, body.decode())


def _keys(scope: Scope) -> Sequence[str]:
    """Give the keys of a POST that a caller sends; none where this layer has no say."""
    concerned = scope["type"] == "http" and scope["method"] == "POST"
    if not concerned or not scope["path"].startswith(PREFIX):
        return ()
    return Headers(scope=scope).getlist(HEADER)


def _checked(keys: Sequence[str]) -> str:
    key = keys[0]
    printable = key.isascii() and key.isprintable()
    if len(keys) == 1 and printable and 1 <= len(key) <= MAX_LENGTH:
        return key
    detail = f"is one text of 1 to {MAX_LENGTH} printable ASCII characters"
    raise InvalidSettings(f"{HEADER} {detail}.", [FieldError(HEADER, detail)])


def _digest(scope: Scope, body: bytes) -> str:
    """Give what tells one request from another: method, address, parameters and body."""
    digest = hashlib.sha256()
    for part in (scope["method"].encode(), scope["path"].encode(), scope["query_string"], body):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


async def _replay(answer: KeptAnswer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((REPLAYED_HEADER.lower().encode(), b"true"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body.encode()})


def _again(message: Message, receive: Receive) -> Receive:
    first = [message]

    async def received() -> Message:
        return first.pop() if first else await receive()

    return received
