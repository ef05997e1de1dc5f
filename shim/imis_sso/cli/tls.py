"""TLS by file: a certificate and its key, checked at the start and loaded anew when they change.

Contract C42. TLS 1.2 is the oldest version that is spoken (RFC 9325 section 3.1.1).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from imis_sso.cli.console import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

    from imis_sso.registry.server import TlsSection

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 5.0
MAX_BYTES: Final = 1024 * 1024
OPEN_TO_OTHERS: Final = 0o007


class _Wrong(Exception):  # noqa: N818  # told to the operator, never raised to a caller
    """What is wrong with one of the two files: its key in the registry, and a sentence."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"server.tls.{key}: {message}")


class Certificates:
    """The certificate that the service shows, as new as its files.

    `context` stays the same object for the life of the server: each handshake is handed on to the
    context of the pair loaded last, so that connections that stand are not touched. Raises
    `Failure` with a line for each fault where the files cannot be used at the start.
    """

    def __init__(self, files: TlsSection) -> None:
        self._files = files
        self._seen = self._state()
        self._current = self._loaded_first()
        self.context = _new_context()
        self.context.sni_callback = self._hand_on

    def reload(self) -> None:
        """Load the files if they changed; the old pair stays, with a warning, if they are wrong."""
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self._current = _load(self._files)
        except (_Wrong, OSError) as wrong:
            logger.warning("the old certificate stays: %s", wrong)
        else:
            logger.info("loaded the certificate anew from %s", self._files.certificate)

    async def watch(self) -> None:
        """Reload every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await asyncio.to_thread(self.reload)

    def _loaded_first(self) -> ssl.SSLContext:
        faults = [str(each) for each in _faults(self._files)]
        if faults:
            raise Failure(*faults)
        return _load(self._files)

    def _hand_on(self, connection: ssl.SSLObject, _name: str | None, _context: Any) -> None:
        connection.context = self._current

    def _state(self) -> list[tuple[int, int, int] | None]:
        return [_state(each) for each in (self._files.certificate, self._files.key)]


def check(files: TlsSection | None) -> None:
    """Raise `Failure` with a line for each thing that is wrong with certificate and key."""
    faults = [str(each) for each in _faults(files)] if files else []
    if faults:
        raise Failure(*faults)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load(files: TlsSection) -> ssl.SSLContext:
    for wrong in _faults(files):
        raise wrong
    context = _new_context()
    try:
        context.load_cert_chain(files.certificate, files.key, password=lambda: b"")
    except ssl.SSLError as error:
        raise _Wrong("certificate", f"cannot be used: {error.reason or 'no reason'}") from None
    return context


def _faults(files: TlsSection) -> Iterator[_Wrong]:
    """Give everything that is wrong; what can only be seen in both comes after each of them."""
    certificate = key = None
    try:
        certificate = _certificate(files.certificate)
    except _Wrong as wrong:
        yield wrong
    try:
        key = _public_key(files.key)
    except _Wrong as wrong:
        yield wrong
    if certificate is not None and key is not None and _public(certificate.public_key()) != key:
        yield _Wrong("key", f"is not the key of the certificate: {files.key}")


def _read(key: str, file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES)
    except OSError as error:
        raise _Wrong(key, f"cannot be read: {file}: {error.strerror}") from None
    return content


def _certificate(file: Path) -> x509.Certificate:
    from cryptography import x509

    content = _read("certificate", file)
    try:
        leaf = x509.load_pem_x509_certificates(content)[0]
    except ValueError:
        raise _Wrong("certificate", f"holds no certificate in PEM form: {file}") from None
    now = datetime.now(UTC)
    if leaf.not_valid_after_utc <= now:
        raise _Wrong("certificate", f"expired on {leaf.not_valid_after_utc:%Y-%m-%d}: {file}")
    if leaf.not_valid_before_utc > now:
        begins = f"{leaf.not_valid_before_utc:%Y-%m-%d}"
        raise _Wrong("certificate", f"is not valid before {begins}: {file}")
    return leaf


def _public_key(file: Path) -> bytes:
    """Give the public half of a private key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read("key", file)
    if stat.S_IMODE(file.stat().st_mode) & OPEN_TO_OTHERS:
        raise _Wrong("key", f"is open to others: chmod o= {file}")
    try:
        return _public(load_pem_private_key(content, None).public_key())
    except TypeError:
        raise _Wrong(
            "key", f"is encrypted, and nobody is there to type its password: {file}"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _Wrong("key", f"holds no private key in PEM form: {file}") from None


def _public(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded
