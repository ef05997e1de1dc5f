"""Looking at a discovery document: at which step it fails (OpenID Connect Discovery 1.0, S5)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from imis_sso.connectors.oidc.discovery import LARGEST, Discovery
from imis_sso.domain.discovered import Discovered, Step

pytestmark = pytest.mark.anyio

PATH = "/.well-known/openid-configuration"
GOOD = b'{"issuer": "https://sso.example.org"}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


def answer(body: bytes, status: str = "200 OK") -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nLocation: https://127.0.0.1:1/\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    return serve


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


class Host:
    """A TLS server with a throw-away authority."""

    def __init__(self, place: Path) -> None:
        self.ca = trustme.CA()
        self.ca_file = place / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.ca_file))

    @asynccontextmanager
    async def serving(
        self, serve: Serve, name: str = "127.0.0.1", **certificate: datetime
    ) -> AsyncIterator[str]:
        """Serve on loopback, and give `127.0.0.1:port`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name, **certificate).configure_cert(context)  # type: ignore[arg-type]
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)  # type: ignore[arg-type]
        async with server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("authority"))


async def look(
    host: Host, where: str, *, seconds: float = 20.0, trusted: bool = True
) -> Discovered:
    known = host.ca_file if trusted else None
    return await Discovery((where,), known).look(f"https://{where}{PATH}", seconds)


async def test_a_served_document_gives_issuer_and_days_left(host: Host) -> None:
    async with host.serving(answer(GOOD)) as where:
        found = await look(host, where)
    assert (found.failed, found.issuer) == (None, "https://sso.example.org")
    assert found.expires is not None
    assert found.expires > datetime.now(UTC)


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        (answer(GOOD, "404 Not Found"), "status 404"),
        (answer(GOOD, "302 Found"), "status 302"),
        (answer(b"<html>"), "no discovery document"),
        (answer(b"[]"), "no discovery document"),
        (answer(b'{"issuer": 1}'), "no discovery document"),
        (answer(b"[" * 100_000), "no discovery document"),
        (answer(b" " * (LARGEST + 1)), "more than"),
    ],
)
async def test_what_is_no_document_is_said(host: Host, serve: Serve, said: str) -> None:
    """S5: untrusted, with a limit on its size; redirects are not followed."""
    async with host.serving(serve) as where:
        found = await look(host, where)
    assert (found.failed, found.issuer) == (Step.DOCUMENT, None)
    assert said in found.why
    assert found.expires is not None


async def test_an_untrusted_certificate_is_refused(host: Host) -> None:
    async with host.serving(answer(GOOD)) as where:
        found = await look(host, where, trusted=False)
    assert found.failed is Step.CERTIFICATE
    assert "it is refused" in found.why


async def test_an_expired_certificate_is_refused(host: Host) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    async with host.serving(answer(GOOD), not_after=old) as where:
        found = await look(host, where)
    assert (found.failed, "expired" in found.why) == (Step.CERTIFICATE, True)


async def test_the_certificate_of_another_host_is_refused(host: Host) -> None:
    async with host.serving(answer(GOOD), name="elsewhere.example.org") as where:
        assert (await look(host, where)).failed is Step.CERTIFICATE


async def test_nobody_there(host: Host) -> None:
    async with host.serving(answer(GOOD)) as where:
        pass
    assert (await look(host, where)).failed is Step.CONNECTION


async def test_silence_ends_in_time(host: Host) -> None:
    async with host.serving(silent) as where:
        found = await look(host, where, seconds=0.5)
    assert found.failed is Step.CONNECTION
    assert "in time" in found.why


@pytest.mark.parametrize(
    "address",
    [
        "https://no-such-name.invalid/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://localhost/",
        "http://sso.example.org/",
        "nonsense",
    ],
)
async def test_what_is_not_public_is_never_connected_to(address: str) -> None:
    """contract section 6: the egress rule."""
    found = await Discovery().look(address, 20.0)
    assert (found.failed, found.issuer) == (Step.NAME, None)
    assert found.why
