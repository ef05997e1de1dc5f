"""A certificate authority that lives as long as a simulation."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATES = ("valid", "expired", "untrusted", "other_name")
"""What a server may show: a certificate in order, or one with a single thing wrong."""
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)


_NAMES = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Certificate:
    """A server's certificate chain and key, as files, and the pin of its key."""

    chain_file: Path
    key_file: Path
    spki_pin: str


class Authority:
    """A throw-away CA whose certificate is written to `ca.pem` in the given directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ca = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self.ca_file = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(self.ca_file)

    def issue(self, name: str) -> Certificate:
        """Issue a certificate for 127.0.0.1 and localhost, in files called after `name`."""
        leaf = self._ca.issue_cert(*_NAMES, key_type=trustme.KeyType.ECDSA)
        chain_file, key_file = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        chain_file.write_bytes(chain)
        key_file.touch(mode=0o600)
        key_file.write_bytes(leaf.private_key_pem.bytes())
        return Certificate(chain_file, key_file, spki_pin(chain))

    def trust(self) -> ssl.SSLContext:
        """Give a client's trust in this authority, and in no other."""
        return ssl.create_default_context(cafile=self.ca_file)

    @cache  # noqa: B019 -- an authority lives as long as its simulation
    def wrong(self, kind: str) -> ssl.SSLContext:
        """Give a server's context whose certificate is `expired`, `untrusted` or `other_name`."""
        ca = trustme.CA(key_type=trustme.KeyType.ECDSA) if kind == "untrusted" else self._ca
        names = ("other.example.net",) if kind == "other_name" else _NAMES
        began, ended = _LONG_AGO if kind == "expired" else (None, None)
        leaf = ca.issue_cert(
            *names, not_before=began, not_after=ended, key_type=trustme.KeyType.ECDSA
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        return context

    def shown(self, kind: Callable[[], str]) -> Callable[[ssl.SSLObject, object, object], None]:
        """Give what a server does as a client greets it: show the certificate of this kind."""

        def choose(connection: ssl.SSLObject, _name: object, _context: object) -> None:
            if (wanted := kind()) != "valid":
                connection.context = self.wrong(wanted)

        return choose


def spki_pin(certificate_pem: bytes) -> str:
    """Give the base64 SHA-256 of a certificate's public key, as RFC 7469 section 2.4 defines it.

    It is what Chromium's `--ignore-certificate-errors-spki-list` takes: trust in one key instead
    of in every certificate.
    """
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode("ascii")
