"""Certificates of a server's own key with one thing wrong: date, authority or name.

Whoever trusts the key, as a browser is told to, goes on; whoever verifies the certificate does not.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from imis_sso.simulators.tls import Certificate

CERTIFICATES = ("valid", "expired", "untrusted", "other_name")
"""What a server may show: the certificate in order, or the one that is wrong in this way."""
_BEGAN, _EXPIRED = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
_OTHER_NAME = x509.SubjectAlternativeName([x509.DNSName("other.example.net")])


class WrongCertificates:
    """The wrong certificates of one server; each is made when it is first shown."""

    def __init__(self, authority: trustme.CA, certificate: Certificate) -> None:
        self._authority, self._certificate = authority, certificate
        self._contexts: dict[str, ssl.SSLContext] = {}

    def greeting(self, kind: Callable[[], str]) -> Callable[[ssl.SSLObject, object, object], None]:
        """Give what a server does as a client connects: show the certificate of this kind."""

        def choose(connection: ssl.SSLObject, _name: object, _context: object) -> None:
            if (wanted := kind()) != "valid":
                connection.context = self._context(wanted)

        return choose

    def _context(self, kind: str) -> ssl.SSLContext:
        if kind not in self._contexts:
            chain_file = self._certificate.chain_file.with_suffix(f".{kind}.pem")
            chain_file.write_bytes(self._made(kind).public_bytes(Encoding.PEM))
            self._contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._contexts[kind].load_cert_chain(chain_file, self._certificate.key_file)
        return self._contexts[kind]

    def _made(self, kind: str) -> x509.Certificate:
        right = x509.load_pem_x509_certificate(self._certificate.chain_file.read_bytes())
        authority = trustme.CA() if kind == "untrusted" else self._authority
        builder = x509.CertificateBuilder(
            issuer_name=x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject,
            subject_name=right.subject,
            public_key=right.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=_BEGAN,
            not_valid_after=_EXPIRED if kind == "expired" else right.not_valid_after_utc,
        )
        names = right.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        shown = _OTHER_NAME if kind == "other_name" else names
        return builder.add_extension(shown, critical=True).sign(_key(authority), SHA256())


def _key(authority: trustme.CA) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(authority.private_key_pem.bytes(), None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError("the authority's key is an elliptic curve's")
    return key
