"""Until when certificates last, by a handshake with each host (contract section 6, C45)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from imis_sso.connectors.certificates import HostCertificates
from imis_sso.domain.expiry import Evidence, Lifetime, Thing, Untold

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC).replace(microsecond=0)


class Place:
    """An authority, and hosts that show its certificates; `received` is what they were sent."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self.authority = trustme.CA()
        self.ca_file = directory / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.received: list[bytes] = []
        self._stack = stack

    async def host(
        self, *names: str, authority: trustme.CA | None = None, **dates: datetime
    ) -> str:
        """Serve a certificate and give `host:port`."""
        issued = (authority or self.authority).issue_cert(*(names or ("127.0.0.1",)), **dates)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        return await self.listen(context)

    async def listen(self, context: ssl.SSLContext | None = None) -> str:
        """Listen, and give `host:port`."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                self.received.append(await reader.read() if context else b"")
                if context is None:
                    await reader.read()
            except OSError:
                pass
            finally:
                writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        self._stack.callback(server.close)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def seen(self, *hosts: str, seconds: float = 20.0) -> list[Evidence]:
        """Look at hosts that may be private."""
        return list(await HostCertificates(hosts, hosts, self.ca_file, seconds).lifetimes())


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        yield Place(tmp_path, stack)


def certificate(host: str) -> Thing:
    return Thing("certificate", host)


async def test_the_end_of_each_certificate_is_told(place: Place) -> None:
    """In the order of the hosts, each once, and nothing is sent to them."""
    ends = [NOW + timedelta(days=5), NOW + timedelta(days=500)]
    hosts = [await place.host(not_after=each) for each in ends]
    expected = [Lifetime(certificate(host), end) for host, end in zip(hosts, ends, strict=True)]
    assert await place.seen(*hosts, hosts[0]) == expected
    assert b"".join(place.received) == b""


async def test_an_expired_certificate_is_known_as_such(place: Place) -> None:
    ended = {"not_before": NOW - timedelta(days=9), "not_after": NOW - timedelta(days=1)}
    host = await place.host(**ended)
    assert await place.seen(host) == [Lifetime(certificate(host), None)]


async def test_a_certificate_that_is_not_trusted_tells_nothing(place: Place) -> None:
    """Of another authority, or for another name: who shows it is not known."""
    others = [
        await place.host(authority=trustme.CA()),
        await place.host("sso.example.org"),
        await place.host(not_before=NOW + timedelta(days=1), not_after=NOW + timedelta(days=9)),
    ]
    assert await place.seen(*others) == [
        Untold(certificate(host), "it is not trusted") for host in others
    ]


async def test_hosts_that_cannot_be_asked(place: Place) -> None:
    closed = "127.0.0.1:1"
    assert await place.seen(closed) == [Untold(certificate(closed), "the host cannot be reached")]


async def test_a_host_that_never_answers_is_left(place: Place) -> None:
    """Bounded, and it takes no other host's time."""
    silent = await place.listen()
    good = await place.host(not_after=NOW + timedelta(days=5))
    assert await place.seen(silent, good, seconds=2.0) == [
        Untold(certificate(silent), "the host does not answer in time"),
        Lifetime(certificate(good), NOW + timedelta(days=5)),
    ]


async def test_private_addresses_have_to_be_named(place: Place) -> None:
    """contract section 6: the egress rule; no connection is even made."""
    host = await place.host()
    by_name = f"localhost:{host.rpartition(':')[2]}"
    found = await HostCertificates([host, by_name], ca_file=place.ca_file).lifetimes()
    assert [each.thing for each in found] == [certificate(host), certificate(by_name)]
    for each in found:
        assert isinstance(each, Untold)
        assert each.reason.endswith(", and egress.allow does not name the host")
    assert place.received == []


async def test_an_authority_whose_file_went_away(place: Place) -> None:
    host = await place.host()
    place.ca_file.unlink()
    assert await place.seen(host) == [Untold(certificate(host), "the ca_file cannot be used")]


async def test_without_a_file_the_system_is_trusted(place: Place) -> None:
    host = await place.host()
    found = await HostCertificates([host], [host]).lifetimes()
    assert list(found) == [Untold(certificate(host), "it is not trusted")]
