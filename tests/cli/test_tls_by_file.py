"""TLS by file: refused in clear lines, spoken for real, loaded anew without a dropped connection.

contract C42; the certificates are of a throw-away authority.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
import trustme
from command_line import Registry, command
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from fastapi import FastAPI
from service_process import running

from imis_sso.cli import tls
from imis_sso.cli.hosting import hosted, listen
from imis_sso.cli.tls import Certificates
from imis_sso.registry.server import TlsSection

ECDSA, RSA = trustme.KeyType.ECDSA, trustme.KeyType.RSA
NOW = datetime.now(UTC)


class Files:
    """A certificate and its key in files, made by an authority that clients trust."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA(key_type=ECDSA)
        self.certificate, self.key = folder / "shim.pem", folder / "shim.key"
        self.section = TlsSection(certificate=self.certificate, key=self.key)
        self.make()

    def make(self, kind: trustme.KeyType = ECDSA, **life: datetime) -> None:
        """Put a new pair in place, as a renewal does: by renaming."""
        leaf = self.authority.issue_cert("127.0.0.1", key_type=kind, **life)
        chain = b"".join(each.bytes() for each in leaf.cert_chain_pems)
        self.put(self.certificate, chain)
        self.put(self.key, leaf.private_key_pem.bytes())

    def put(self, file: Path, content: bytes, mode: int = 0o600) -> None:
        draft = file.with_suffix(".new")
        draft.touch(mode)
        draft.chmod(mode)
        draft.write_bytes(content)
        draft.replace(file)

    def trust(self, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        context.maximum_version = newest
        return context

    def shown(self, port: int) -> bytes:
        """Give the certificate that a fresh, verified handshake shows."""
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            self.trust().wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            found = secure.getpeercert(binary_form=True)
        assert found
        return found

    def expected(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text("ascii").split("\n\n")[0])


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def _absent(files: Files) -> None:
    files.certificate.unlink()


def _no_pem(files: Files) -> None:
    files.put(files.certificate, b"-----BEGIN CERTIFICATE-----\nnonsense\n")


def _expired(files: Files) -> None:
    files.make(not_before=NOW - timedelta(9), not_after=NOW - timedelta(1))


def _early(files: Files) -> None:
    files.make(not_before=NOW + timedelta(2), not_after=NOW + timedelta(9))


def _absent_key(files: Files) -> None:
    files.key.unlink()


def _no_key(files: Files) -> None:
    files.put(files.key, files.certificate.read_bytes())


def _encrypted(files: Files) -> None:
    key = load_pem_private_key(files.key.read_bytes(), None)
    lock = BestAvailableEncryption(b"canary-password")
    files.put(files.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))


def _open(files: Files) -> None:
    files.key.chmod(0o644)


def _other(files: Files) -> None:
    other = files.authority.issue_cert("127.0.0.1", key_type=ECDSA)
    files.put(files.key, other.private_key_pem.bytes())


def _both(files: Files) -> None:
    _absent(files)
    _open(files)


FAULTS: list[tuple[Callable[[Files], None], list[str]]] = [
    (_absent, ["certificate: cannot be read: {certificate}: No such file or directory"]),
    (_no_pem, ["certificate: holds no certificate in PEM form: {certificate}"]),
    (_expired, [f"certificate: expired on {NOW - timedelta(1):%Y-%m-%d}: {{certificate}}"]),
    (_early, [f"certificate: is not valid before {NOW + timedelta(2):%Y-%m-%d}: {{certificate}}"]),
    (_absent_key, ["key: cannot be read: {key}: No such file or directory"]),
    (_no_key, ["key: holds no private key in PEM form: {key}"]),
    (_encrypted, ["key: is encrypted, and nobody is there to type its password: {key}"]),
    (_open, ["key: is open to others: chmod o= {key}"]),
    (_other, ["key: is not the key of the certificate: {key}"]),
    (_both, ["certificate: cannot be read: {certificate}: No such file or directory",
             "key: is open to others: chmod o= {key}"]),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "lines"), FAULTS, ids=lambda each: getattr(each, "__name__", ""))
def test_what_cannot_be_used_is_said_at_the_start(
    registry: Registry, files: Files, fault: Callable[[Files], None], lines: list[str]
) -> None:
    """One line for each fault, of `serve` and of `check-config` alike; nothing of the key in it."""
    fault(files)
    names = {"certificate": str(files.certificate), "key": str(files.key)}
    file = str(registry(tls=names))
    told = [f"server.tls.{line.format(**names)}" for line in lines]
    command("check-config", "--config", file).failed(*told)
    command("serve", "--config", file, "--port", "0").failed(*told)
    assert command("check-config", "--config", file, "--no-sources").code == 0


def test_the_group_may_read_the_key(registry: Registry, files: Files) -> None:
    """As distributions and orchestrators have it: a group of those who serve."""
    files.key.chmod(0o640)
    names = {"certificate": str(files.certificate), "key": str(files.key)}
    assert command("check-config", "--config", str(registry(tls=names))).code == 0


def test_serving_and_renewing(registry: Registry, tmp_path: Path, files: Files) -> None:
    """https:// announced and spoken, TLS 1.2 the oldest; SIGHUP brings a renewed pair in."""
    names = {"certificate": str(files.certificate), "key": str(files.key)}
    file = str(registry(tls=names))
    with running(tmp_path, "serve", "--config", file, "--port", "0") as service:
        url = service.ready["base_url"]
        assert url.startswith("https://127.0.0.1:")
        assert f"at {url} (API: {url}/docs)" in service.printed
        port = int(url.rpartition(":")[2])
        assert files.shown(port) == files.expected()
        assert _refused(HTTPSConnection("127.0.0.1", port, context=_old(files), timeout=10))
        assert not _refused(_client(files, port, ssl.TLSVersion.TLSv1_2))
        standing = _client(files, port)
        assert _get(standing) == 200
        before = standing.sock
        files.make(RSA)
        service.process.send_signal(signal.SIGHUP)
        _until(lambda: files.shown(port) == files.expected())
        assert _get(standing) == 200
        assert standing.sock is before, "the connection that stood was dropped"
        standing.close()
        assert service.stop() == 0
    assert "PRIVATE" not in service.printed


def _client(
    files: Files, port: int, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> HTTPSConnection:
    return HTTPSConnection("127.0.0.1", port, context=files.trust(newest), timeout=10)


def _old(files: Files) -> ssl.SSLContext:
    context = files.trust()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _get(connection: HTTPSConnection) -> int:
    connection.request("GET", "/livez")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _refused(connection: HTTPSConnection) -> bool:
    try:
        connection.connect()
    except (ConnectionError, ssl.SSLError):
        return True
    connection.close()
    return False


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.anyio
async def test_a_renewal_is_noticed_without_a_signal(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By looking every few seconds."""
    monkeypatch.setattr(tls, "POLL_SECONDS", 0.02)
    bound = listen("127.0.0.1", 0)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    async with hosted(FastAPI(), bound, Certificates(files.section)):
        port = bound.getsockname()[1]
        assert await asyncio.to_thread(files.shown, port) == files.expected()
        files.make()
        while await asyncio.to_thread(files.shown, port) != files.expected():
            await asyncio.sleep(0.02)
    for each, handler in before.items():
        asyncio.get_running_loop().remove_signal_handler(each)
        signal.signal(each, handler)


@pytest.mark.parametrize("fault", [each for each, _ in FAULTS])
def test_a_broken_renewal_keeps_the_old_pair(
    files: Files, caplog: pytest.LogCaptureFixture, fault: Callable[[Files], None]
) -> None:
    """Said once, in the log; the next good pair is taken."""
    caplog.set_level(logging.INFO, "imis_sso")
    old = files.expected()
    certificates = Certificates(files.section)
    fault(files)
    if fault is _open:
        files.put(files.key, files.key.read_bytes(), 0o644)
    certificates.reload()
    certificates.reload()
    (warning,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert warning.getMessage().startswith("the old certificate stays: server.tls.")
    assert _presented(certificates, files) == old
    files.make()
    certificates.reload()
    assert _presented(certificates, files) == files.expected() != old


def _presented(certificates: Certificates, files: Files) -> bytes:
    """Do a handshake in memory, without a name (RFC 6066 section 3 has none for an address)."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = certificates.context.wrap_bio(to_server, to_client, server_side=True)
    client = files.trust().wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    done: set[Any] = set()
    while len(done) < 2:
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            done.add(side)
    found = client.getpeercert(binary_form=True)
    assert found
    return found
