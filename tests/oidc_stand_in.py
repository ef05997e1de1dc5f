"""A small OpenID provider over HTTPS that can be anything: strict, public, open, or out of its mind.

It counts what it refuses, as a provider's log would: an unknown client, a wrong secret, a redirect
URL that is not registered.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import trustme

KEY = {"kty": "RSA", "use": "sig", "n": "AQ", "e": "AQAB"}
BOTH = ("client_secret_basic", "client_secret_post")


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class Answer:
    """What is answered."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


Answering = Callable[[Request], Answer | None]


@dataclass
class StandIn:
    """The provider: its client, its manners, and what it has seen.

    `instead` answers a request in place of the provider where it gives an answer.
    """

    client_id: str = "3f1c"
    secret: str = "s3cr3t"
    redirect_url: str = "https://members.example.org/"
    methods: tuple[str, ...] = BOTH
    registered: tuple[str, ...] = BOTH
    is_public: bool = False
    pattern: bool = False
    redirects_anywhere: bool = False
    instead: Answering = lambda _: None
    issuer: str = ""
    ca_file: Path = field(default_factory=Path)
    seen: list[Request] = field(default_factory=list)
    refused: int = 0

    @property
    def discovery_url(self) -> str:
        """Address of the discovery document."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def host(self) -> str:
        """The provider's `host:port`."""
        return urlsplit(self.issuer).netloc

    def paths(self) -> list[str]:
        """Give the paths that were asked for, in their order."""
        return [each.path for each in self.seen]

    def metadata(self) -> dict[str, Any]:
        """Give the discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": list(self.methods),
            "authorization_response_iss_parameter_supported": True,
        }

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        self.seen.append(request)
        own = self.instead(request)
        if own is not None:
            return own
        routes = {"/authorize": self._authorize, "/token": self._token}
        if request.path in routes:
            return routes[request.path](request)
        documents = {"/.well-known/openid-configuration": self.metadata(), "/jwks": {"keys": [KEY]}}
        found = documents.get(request.path)
        return Answer(404) if found is None else Answer(200, json.dumps(found))

    def _authorize(self, request: Request) -> Answer:
        query = request.query
        assert request.method == "GET"
        assert (query["response_type"], query["prompt"]) == ("code", "none")
        assert query["code_challenge_method"] == "S256"
        address = query["redirect_uri"]
        own = self.redirect_url.rstrip("/")
        known = address == self.redirect_url or (self.pattern and address.startswith(f"{own}/"))
        if query["client_id"] != self.client_id or not (known or self.redirects_anywhere):
            self.refused += 1
            return Answer(400, "<h1>No</h1>")
        told = {"error": "login_required", "state": query["state"], "iss": self.issuer}
        return Answer(303, headers={"Location": f"{address}?{urlencode(told)}"})

    def _token(self, request: Request) -> Answer:
        form = request.form
        assert request.method == "POST"
        assert form["grant_type"] == "authorization_code"
        assert {"code", "redirect_uri", "code_verifier"} <= form.keys()
        method, client_id, secret = _credentials(request)
        right = client_id == self.client_id and (
            self.is_public or (method in self.registered and secret == self.secret)
        )
        if right:
            return Answer(400, json.dumps({"error": "invalid_grant"}))
        self.refused += 1
        return Answer(401, json.dumps({"error": "invalid_client"}))


def _credentials(request: Request) -> tuple[str, str, str]:
    header = request.headers.get("authorization")
    if header is None:
        form = request.form
        return "client_secret_post", form["client_id"], form["client_secret"]
    assert "client_secret" not in request.form, "one method per request"
    pair = base64.b64decode(header.removeprefix("Basic ")).decode()
    client_id, _, secret = pair.partition(":")
    return "client_secret_basic", unquote_plus(client_id), unquote_plus(secret)


@asynccontextmanager
async def standing_in(
    place: Path, authority: trustme.CA | None = None, **manners: Any
) -> AsyncIterator[StandIn]:
    """Serve a provider on loopback, with an authority in `ca_file`: its own where none is given."""
    authority = authority or trustme.CA()
    provider = StandIn(ca_file=place / "stand-in-ca.pem", **manners)
    authority.cert_pem.write_to_path(str(provider.ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    connections: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            answer = provider.answer(await _read(reader))
            writer.write(_written(answer))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        provider.issuer = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield provider
        finally:
            for each in connections:
                each.transport.abort()
            await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
    parts = urlsplit(target)
    return Request(method, parts.path, _single(parts.query), headers, _single(body))


def _single(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _written(answer: Answer) -> bytes:
    body = answer.body.encode()
    headers = {"Content-Length": str(len(body)), "Connection": "close"} | answer.headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} X\r\n{lines}\r\n".encode() + body
