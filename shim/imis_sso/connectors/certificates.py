"""How long the certificates of hosts last, by a TLS handshake with each: no request is sent."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from imis_sso.connectors.browser.trust import trust_store
from imis_sso.connectors.egress import judged_addresses
from imis_sso.domain.egress import Destination, EgressRefused, destination
from imis_sso.domain.expiry import Evidence, Lifetime, Thing, Untold
from imis_sso.domain.problems import UpstreamUnavailable

logger = logging.getLogger(__name__)

SECONDS: Final = 5.0
_HAS_EXPIRED: Final = 10
"""X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""


class HostCertificates:
    """See `base.Certificates`. Names and chains are verified, with `ca_file` besides the system.

    `hosts` and `allow` are entries `host[:port]`; hosts that are not allowed meet the egress rule.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        allow: Iterable[str] = (),
        ca_file: Path | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._hosts, self._allow = tuple(dict.fromkeys(hosts)), frozenset(allow)
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

    async def _lifetime(self, host: str, context: ssl.SSLContext) -> Evidence:
        thing = _thing(host)
        try:
            async with asyncio.timeout(self._seconds):
                target = destination(f"https://{host}/", self._allow)
                return Lifetime(thing, await _not_after(target, context))
        except TimeoutError:
            return Untold(thing, "the host does not answer in time")
        except EgressRefused as error:
            return Untold(thing, f"{error}, and egress.allow does not name the host")
        except ssl.SSLCertVerificationError as error:
            if error.verify_code == _HAS_EXPIRED:
                return Lifetime(thing, None)
            logger.info("the certificate of %s is not trusted: %s", host, error.verify_message)
            return Untold(thing, "it is not trusted")
        except OSError:
            return Untold(thing, "the host cannot be reached")


def _thing(host: str) -> Thing:
    return Thing("certificate", host)


async def _not_after(target: Destination, context: ssl.SSLContext) -> datetime:
    # The address that was judged, not the name again: DNS may answer otherwise the next time.
    address = (await judged_addresses(target))[0]
    _, writer = await asyncio.open_connection(
        address, target.port, ssl=context, server_hostname=target.host
    )
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert()
    finally:
        writer.transport.abort()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
