"""A certificate authority that lives as long as a simulation."""

from __future__ import annotations

import base64
import hashlib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from imis_sso.simulators.wrong_certificates import WrongCertificates

if TYPE_CHECKING:
    from pathlib import Path

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

    def wrong(self, certificate: Certificate) -> WrongCertificates:
        """Give the wrong certificates for the key of a right one."""
        return WrongCertificates(self._ca, certificate)


def spki_pin(certificate_pem: bytes) -> str:
    """Give the base64 SHA-256 of a certificate's public key, as RFC 7469 section 2.4 defines it.

    It is what Chromium's `--ignore-certificate-errors-spki-list` takes: trust in one key instead
    of in every certificate.
    """
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode("ascii")
