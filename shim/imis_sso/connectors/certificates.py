"""How long the certificates of hosts last, by a TLS handshake with each: no request is sent."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from imis_sso.connectors.browser.trust import trust_store
from imis_sso.domain.expiry import Evidence, Lifetime, Thing, Untold
from imis_sso.domain.hosts import address_and_port, is_public
from imis_sso.domain.problems import UpstreamUnavailable

logger = logging.getLogger(__name__)

SECONDS: Final = 5.0
_HAS_EXPIRED: Final = 10
"""X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""


@dataclass(frozen=True)
class ShownAt:
    """A host that shows a certificate: `host[:port]`, and whether it may be a private address."""

    host: str
    private: bool = False


class _Refused(Exception):  # noqa: N818  # the egress rule's answer, not an error
    """The host may not be connected to."""


class HostCertificates:
    """See `base.Certificates`. Names and chains are verified, with `ca_file` besides the system."""

    def __init__(
        self, hosts: Iterable[ShownAt], ca_file: Path | None = None, seconds: float = SECONDS
    ) -> None:
        unique: dict[str, ShownAt] = {}
        for each in hosts:
            unique.setdefault(each.host, each)
        self._hosts = tuple(unique.values())
        self._ca_file, self._seconds = ca_file, seconds

    async def lifetimes(self) -> Sequence[Evidence]:
        """Look at every host at once; see `base.Certificates.lifetimes`."""
        try:
            context = await asyncio.to_thread(self._context)
        except UpstreamUnavailable:
            return [Untold(_thing(each), "the ca_file cannot be used") for each in self._hosts]
        return await asyncio.gather(*(self._lifetime(each, context) for each in self._hosts))

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context() if self._ca_file is None else trust_store(self._ca_file)

    async def _lifetime(self, host: ShownAt, context: ssl.SSLContext) -> Evidence:
        thing = _thing(host)
        try:
            async with asyncio.timeout(self._seconds):
                return Lifetime(thing, await _not_after(host, context))
        except TimeoutError:
            return Untold(thing, "the host does not answer in time")
        except _Refused:
            return Untold(thing, "the host is in a private network that egress.allow does not name")
        except ssl.SSLCertVerificationError as error:
            if error.verify_code == _HAS_EXPIRED:
                return Lifetime(thing, None)
            logger.info("the certificate of %s is not trusted: %s", host.host, error.verify_message)
            return Untold(thing, "it is not trusted")
        except (OSError, UnicodeError):  # the latter: a name that DNS has no form for
            return Untold(thing, "the host cannot be reached")


def _thing(host: ShownAt) -> Thing:
    return Thing("certificate", host.host)


async def _not_after(host: ShownAt, context: ssl.SSLContext) -> datetime:
    name, port = address_and_port(host.host)
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not host.private and not all(map(is_public, addresses)):
        raise _Refused
    # The address that was judged, not the name again: DNS may answer otherwise the next time.
    _, writer = await asyncio.open_connection(addresses[0], port, ssl=context, server_hostname=name)
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert()
    finally:
        writer.transport.abort()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
