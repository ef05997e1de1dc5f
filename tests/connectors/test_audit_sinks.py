"""Real peers of the audit trail's sinks: files, sockets, an HTTPS server."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from imis_sso.connectors.base import SinkUnavailable
from imis_sso.connectors.sinks import FileSink, SyslogSink, WebhookSink
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.secret import Secret

BATCH = ('{"seq": 1}', '{"seq": 2, "who": "ä"}')
MESSAGE = re.compile(r"<85>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ imis-sso \d+ audit - (\{.*\})")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


def said(message: bytes) -> str:
    match = MESSAGE.fullmatch(message.decode())
    assert match, message
    return match[1]


async def test_a_file_grows_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    sink = FileSink("file", file)
    await sink.send(BATCH)
    await sink.send(BATCH[:1])
    assert file.read_text("utf-8").splitlines() == [*BATCH, BATCH[0]]
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_file_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    with pytest.raises(SinkUnavailable, match="No such file or directory"):
        await FileSink("file", tmp_path / "absent" / "audit.jsonl").send(BATCH)


@pytest.mark.parametrize("local", [True, False])
async def test_syslog_by_datagram(tmp_path: Path, local: bool) -> None:
    """RFC 5424: one message an entry."""
    family = socket.AF_UNIX if local else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.settimeout(5)
        place = str(tmp_path / "log")
        peer.bind(place if local else ("127.0.0.1", 0))
        address = f"unix://{place}" if local else f"udp://127.0.0.1:{peer.getsockname()[1]}"
        await SyslogSink("log", address).send(BATCH)
        assert [said(peer.recv(4096)) for _ in BATCH] == list(BATCH)


@pytest.mark.parametrize("secure", [True, False])
async def test_syslog_by_stream(authority: trustme.CA, ca_file: Path, secure: bool) -> None:
    """RFC 6587, RFC 5425: octet counting; certificates are verified."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    received: list[bytes] = []
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read())
        writer.close()
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if secure else None)
    port = server.sockets[0].getsockname()[1]
    async with server:
        scheme = "tls" if secure else "tcp"
        await SyslogSink("log", f"{scheme}://127.0.0.1:{port}", ca_file).send(BATCH)
        await asyncio.wait_for(done.wait(), 5)
        if secure:
            with pytest.raises(SinkUnavailable, match="TLS failed"):
                await SyslogSink("log", f"tls://127.0.0.1:{port}").send(BATCH)
    rest, found = received[0], []
    while rest:
        length, _, rest = rest.partition(b" ")
        found.append(said(rest[: int(length)]))
        rest = rest[int(length) :]
    assert found == list(BATCH)


async def test_syslog_without_a_peer() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SinkUnavailable):
        await SyslogSink("log", f"tcp://127.0.0.1:{port}").send(BATCH)


class Received(BaseHTTPRequestHandler):
    """Answers what it is told to, and keeps what it was sent."""

    status = 204
    requests: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012  # one server a test

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((dict(self.headers), body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def webhook(authority: trustme.CA) -> Iterator[str]:
    Received.status, Received.requests = 204, []
    server = HTTPServer(("127.0.0.1", 0), Received)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/in"
    server.shutdown()
    thread.join()
    server.server_close()


async def _token() -> Secret:
    return Secret("webhook-token")


async def _no_token() -> Secret:
    msg = 'The secret "x" cannot be had: it is gone.'
    raise SecretUnavailable(msg)


async def test_a_webhook_takes_a_batch(webhook: str, ca_file: Path) -> None:
    sink = WebhookSink("hook", webhook, _token, ca_file)
    await sink.send(BATCH)
    await sink.aclose()
    ((headers, body),) = Received.requests
    assert body.decode().splitlines() == list(BATCH)
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["Authorization"] == "Bearer webhook-token"


async def test_what_a_webhook_can_do_wrong(webhook: str, ca_file: Path) -> None:
    for sink, reason in (
        (WebhookSink("hook", webhook, None, ca_file), "it answered 500"),
        (WebhookSink("hook", webhook, _no_token, ca_file), "cannot be had"),
        (WebhookSink("hook", webhook), "cannot be reached"),
    ):
        Received.status = 500
        with pytest.raises(SinkUnavailable, match=reason):
            await sink.send(BATCH)
        await sink.aclose()
