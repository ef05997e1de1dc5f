"""A test bench: the connector `imis_rest` against simulated and scripted servers over real TLS."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import at_rest
import pytest
import trustme
from lone_guard import LoneGuard

from imis_sso.connectors.base import Credential
from imis_sso.connectors.imis_rest import FairUse, ImisRest
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import UpstreamCredentialsRefused
from imis_sso.domain.resources import OPENID_CONNECT, Resource
from imis_sso.domain.secret import Secret
from imis_sso.simulators import Fault, ImisModel, Simulation, Variant

# Repeats come soon, so that the suite stays quick.
FAST = FairUse(repeats=2, backoff=0.01)


@dataclass
class MemoryGuard(LoneGuard):
    """Remembers refused log-ins as long as it lives."""

    refused: set[tuple[str, str, str]] = field(default_factory=set)

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Raise `UpstreamCredentialsRefused` for a log-in that was refused."""
        if (address, username, password.reveal()) in self.refused:
            raise UpstreamCredentialsRefused("refused before")

    async def remember(self, address: str, username: str, password: Secret) -> None:
        """Remember a refused log-in."""
        self.refused.add((address, username, password.reveal()))


class Bench:
    """One simulated iMIS, and connectors to it."""

    def __init__(self, model: ImisModel, ca_file: Path) -> None:
        self.model, self.ca_file = model, ca_file
        self.guard = MemoryGuard()
        self.password: str | None = None

    async def credential(self) -> Credential:
        """Give the service account's credential, or one with the password set on the bench."""
        password = self.model.password if self.password is None else self.password
        return Credential(self.model.username, Secret(password))

    def connector(self, **options: Any) -> ImisRest:
        """Make a connector to the simulated iMIS."""
        known: dict[str, Any] = {"ca_file": self.ca_file, "fair_use": FAST, "request_seconds": 4.0}
        known["requests_per_second"] = 1000
        address = options.pop("base_url", self.model.base_url)
        return ImisRest(address, self.credential, self.guard, **(known | options))

    def fault(
        self, kind: str, role: str = "", times: int = 1, skip: int = 0, **params: Any
    ) -> None:
        """Order a fault for requests of a role."""
        match = {"role": role} if role else {}
        self.model.faults.add(Fault(kind, match, times, skip, params))

    def vary(self, **changes: object) -> None:
        """Change the variant of the simulated iMIS."""
        self.model.change_variant(changes)

    async def change(
        self,
        connector: ImisRest,
        values: Mapping[str, str | bool],
        secret: str | None = None,
        resource: Resource = OPENID_CONNECT,
    ) -> Observed:
        """Do what a changing PUT does: read, write, read back."""
        base = await connector.read(resource)
        put = Change(values, None if secret is None else Secret(secret))
        await connector.write(resource, put, base)
        return await connector.read(resource)

    @property
    def stored(self) -> dict[str, Any]:
        """The record that iMIS holds, secrets in clear."""
        return self.model.record


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Serve one simulated environment for all tests of the connector."""
    with Simulation(tmp_path_factory.mktemp("imis-rest"), ["test"]) as running:
        yield running


@pytest.fixture
def bench(simulation: Simulation) -> Bench:
    """Put the simulated iMIS back to its start, with the documented behaviour."""
    model = simulation.imis("test")
    at_rest.wait_for(model)
    model.change_variant(Variant().as_dict())
    model.reset(state=True)
    return Bench(model, simulation.ca_file)


@dataclass
class ScriptedImis:
    """A TLS server that answers what a test scripts, for what no simulated iMIS would say.

    `script` takes the answers to requests other than the log-in, the last one for ever; `token`
    is the body of the log-in's answer. What came in is in `seen`, as text.
    """

    script: list[bytes]
    ca_file: Path
    token: str = '{"access_token": "scripted-token-canary", "token_type": "bearer"}'
    seen: list[str] = field(default_factory=list)
    base_url: str = ""
    guard: MemoryGuard = field(default_factory=MemoryGuard)

    @staticmethod
    def answer(body: str | bytes, status: str = "200 OK", *headers: str) -> bytes:
        """Give the bytes of an HTTP answer."""
        content = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
        return "\r\n".join(lines).encode() + content

    async def credential(self) -> Credential:
        """Give a made-up credential."""
        return Credential("service", Secret("scripted-password-canary"))

    def connector(self, **options: Any) -> ImisRest:
        """Make a connector to this server."""
        known: dict[str, Any] = {"ca_file": self.ca_file, "fair_use": FAST, "request_seconds": 2.0}
        return ImisRest(self.base_url, self.credential, self.guard, **(known | options))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1])) if length else b""
                self.seen.append(head + body.decode())
                writer.write(self._answer(head))
                await writer.drain()
        writer.close()

    def _answer(self, head: str) -> bytes:
        if head.startswith("POST /token "):
            return self.answer(self.token)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@pytest.fixture(scope="session")
def scripted_authority() -> trustme.CA:
    """Make the CA of scripted servers."""
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
async def scripted(scripted_authority: trustme.CA, tmp_path: Path) -> AsyncIterator[ScriptedImis]:
    """Serve a script over TLS on loopback; its answers are put in by the test."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    scripted_authority.issue_cert("127.0.0.1").configure_cert(context)
    scripted_authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    empty = ScriptedImis.answer('{"Items": {"$values": []}}')
    imis = ScriptedImis([empty], tmp_path / "ca.pem")
    server = await asyncio.start_server(imis.serve, "127.0.0.1", 0, ssl=context)
    imis.base_url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield imis
    server.close()


@pytest.fixture
async def imis(bench: Bench) -> AsyncIterator[ImisRest]:
    connector = bench.connector()
    yield connector
    await connector.aclose()
