"""Trust in a private authority, by the key of the one server it vouches for (contract C45).

Chromium takes no authority of its own on its command line, but the pins of keys whose
certificates it is to accept. So the certificate is verified here, name included, and only the key
of the server that passed is handed on. Errors are never ignored as a whole.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final

from imis_sso.connectors.browser.failures import timed_out, untrusted_certificate
from imis_sso.connectors.proxy import Proxy, ProxyRefused, connected
from imis_sso.domain.problems import UpstreamUnavailable

logger = logging.getLogger(__name__)

_HTTPS_PORT: Final = 443


def trust_store(ca_file: Path) -> ssl.SSLContext:
    """Give a context that trusts the system's authorities and those of a file.

    Raises UpstreamUnavailable naming the file where it cannot be read.
    """
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError):
        msg = f"The ca_file {ca_file} cannot be read as certificates."
        raise UpstreamUnavailable(msg) from None
    return context


def spki_pin(certificate: bytes) -> str:
    """Give the base64 SHA-256 of a DER certificate's public key (RFC 7469 section 2.4)."""
    # Imported late: only environments with a private authority need it.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
    )

    key = x509.load_der_x509_certificate(certificate).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode("ascii")


async def server_pin(
    host: str,
    port: int | None,
    ca_file: Path,
    title: str,
    *,
    proxy: Proxy | None = None,
    seconds: float = 5.0,
) -> str:
    """Connect, verify the server's certificate and name, and give the pin of its key.

    Raises UpstreamUnavailable if it is not trusted or cannot be reached, and UpstreamTimeout.
    """
    context = await asyncio.to_thread(trust_store, ca_file)
    try:
        async with asyncio.timeout(seconds):
            return await _pin_of(host, port or _HTTPS_PORT, context, proxy)
    except TimeoutError:
        raise timed_out(title) from None
    except ssl.SSLCertVerificationError as error:
        logger.warning("the certificate of %s is not trusted: %s", host, error.verify_message)
        raise untrusted_certificate(title) from None
    except ProxyRefused as error:
        msg = f"{title} cannot be reached at {host}:{port or _HTTPS_PORT}: {error}."
        raise UpstreamUnavailable(msg) from None
    except OSError:
        msg = f"{title} cannot be reached at {host}:{port or _HTTPS_PORT}."
        raise UpstreamUnavailable(msg) from None


async def _pin_of(host: str, port: int, context: ssl.SSLContext, proxy: Proxy | None) -> str:
    writer = await connected(host, port, context, proxy)
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        certificate = connection.getpeercert(binary_form=True)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    if certificate is None:
        raise ConnectionError
    return spki_pin(certificate)
