"""The egress rule with real sockets: nothing is reached that was not judged (targets S3)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from imis_sso.connectors.egress import Egress, FetchFailed, resolve
from imis_sso.domain.egress import EgressRefused

pytestmark = pytest.mark.anyio

CA = trustme.CA(key_type=trustme.KeyType.ECDSA)


class Server:
    """A real HTTPS server on loopback that counts who reaches it, and answers what it is told."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        self.reached = 0
        self.requests: list[str] = []
        self.port = 0
        self.waits = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if self.waits:
            await asyncio.sleep(60)
        writer.write(self.answer)
        await writer.drain()
        writer.close()

    def redirect(self, to: str) -> None:
        self.answer = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@asynccontextmanager
async def listening(*names: str) -> AsyncIterator[Server]:
    server = Server()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert(*names, key_type=trustme.KeyType.ECDSA).configure_cert(context)

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.reached += 1
        try:
            await server.serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    running = await asyncio.start_server(counted, "127.0.0.1", 0, ssl=context)
    server.port = running.sockets[0].getsockname()[1]
    yield server
    running.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with listening("127.0.0.1", "issuer.example.org") as found:
        yield found


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(file)
    return file


class Dns:
    """A resolver that answers something else each time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        assert port
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError
        return answer


async def test_an_allowed_host_is_fetched(server: Server, ca_file: Path) -> None:
    egress = Egress({f"127.0.0.1:{server.port}"}, ca_file)
    answer = await egress.get(f"https://127.0.0.1:{server.port}/a?b=c")
    assert (answer.status, answer.body) == (200, b"{}")
    assert server.requests[0].startswith("GET /a?b=c HTTP/1.1\r\n")
    await egress.aclose()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
    ],
)
async def test_loopback_is_not_reached(server: Server, ca_file: Path, host: str) -> None:
    """targets S3: a socket listens there, and nobody comes."""
    egress = Egress((), ca_file)
    with pytest.raises(EgressRefused):
        await egress.get(f"https://{host}:{server.port}/")
    assert server.reached == 0
    await egress.aclose()


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%lo"],
        ["169.254.169.254"],
        ["10.1.2.3"],
        ["not-an-address"],
    ],
    ids=" ".join,
)
async def test_a_name_that_leads_inside_is_not_reached(
    server: Server, ca_file: Path, answers: list[str]
) -> None:
    """targets S3: one bad answer is enough."""
    egress = Egress((), ca_file, Dns(answers))
    with pytest.raises(EgressRefused):
        await egress.get(f"https://issuer.example.org:{server.port}/")
    assert server.reached == 0
    await egress.aclose()


async def test_a_name_that_changes_its_mind_is_asked_once(server: Server, ca_file: Path) -> None:
    """targets S3, DNS rebinding: what was judged is what is connected to.

    The second answer is this machine, where the server listens; only the first one counts, and
    there, in a range that is given to nobody, nobody answers.
    """
    dns = Dns(["2000::1"], ["127.0.0.1"])
    egress = Egress((), ca_file, dns)
    with pytest.raises(FetchFailed):
        await egress.get(f"https://issuer.example.org:{server.port}/", seconds=1)
    assert (dns.asked, server.reached) == (["issuer.example.org"], 0)
    with pytest.raises(EgressRefused):
        await egress.get(f"https://issuer.example.org:{server.port}/", seconds=1)
    assert server.reached == 0
    await egress.aclose()


async def test_the_certificate_is_checked_for_the_name(server: Server, ca_file: Path) -> None:
    """The connection goes to an IP address; who answers must still be the name's."""
    for name, trusted in (("issuer.example.org", True), ("other.example.org", False)):
        entry = f"{name}:{server.port}"
        egress = Egress({entry}, ca_file, Dns(["127.0.0.1"]))
        if trusted:
            assert (await egress.get(f"https://{entry}/")).status == 200
            assert f"host: {entry}" in server.requests[-1].lower()
        else:
            with pytest.raises(FetchFailed, match="certificate"):
                await egress.get(f"https://{entry}/")
        await egress.aclose()
    strangers = Egress({f"127.0.0.1:{server.port}"})
    with pytest.raises(FetchFailed, match="certificate"):
        await strangers.get(f"https://127.0.0.1:{server.port}/")
    await strangers.aclose()


async def test_the_next_address_is_tried(server: Server, ca_file: Path) -> None:
    entry = f"issuer.example.org:{server.port}"
    egress = Egress({entry}, ca_file, Dns(["127.0.0.2", "127.0.0.1"]))
    assert (await egress.get(f"https://{entry}/")).status == 200
    await egress.aclose()


async def test_redirects_are_not_followed_by_themselves(server: Server, ca_file: Path) -> None:
    async with listening("127.0.0.1") as inside:
        server.redirect(f"https://127.0.0.1:{inside.port}/")
        egress = Egress({f"127.0.0.1:{server.port}"}, ca_file)
        answer = await egress.get(f"https://127.0.0.1:{server.port}/")
        assert answer.status == 302
        assert inside.reached == 0
        await egress.aclose()


@pytest.mark.parametrize(
    "to",
    [
        "https://127.0.0.1:{inside}/",
        "https://localhost:{inside}/",
        "http://127.0.0.1:{inside}/",
        "//127.0.0.1:{inside}/",
        "https://user@127.0.0.1:{inside}/",
        "https://2130706433:{inside}/",
        "https://rebound.example.org:{inside}/",
    ],
)
async def test_each_redirect_is_judged_anew(server: Server, ca_file: Path, to: str) -> None:
    """targets S3."""
    async with listening("127.0.0.1", "localhost", "rebound.example.org") as inside:
        server.redirect(to.format(inside=inside.port))
        entry = f"issuer.example.org:{server.port}"
        egress = Egress({entry}, ca_file, Dns(["127.0.0.1"]))
        with pytest.raises(EgressRefused):
            await egress.get(f"https://{entry}/", redirects=3)
        assert (server.reached, inside.reached) == (1, 0)
        await egress.aclose()


async def test_a_redirect_to_what_is_allowed_is_followed_so_often_and_no_more(
    server: Server, ca_file: Path
) -> None:
    async with listening("127.0.0.1") as other:
        allow = {f"127.0.0.1:{each.port}" for each in (server, other)}
        egress = Egress(allow, ca_file)
        server.redirect(f"https://127.0.0.1:{other.port}/")
        assert (await egress.get(f"https://127.0.0.1:{server.port}/", redirects=1)).body == b"{}"
        other.redirect(f"https://127.0.0.1:{server.port}/")
        with pytest.raises(FetchFailed, match="too often"):
            await egress.get(f"https://127.0.0.1:{server.port}/", redirects=2)
        await egress.aclose()


async def test_limits_of_size_and_time(server: Server, ca_file: Path) -> None:
    """targets S5: what answers is not trusted."""
    address = f"https://127.0.0.1:{server.port}/"
    egress = Egress({f"127.0.0.1:{server.port}"}, ca_file)
    server.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000
    assert len((await egress.get(address, largest=2000)).body) == 2000
    with pytest.raises(FetchFailed, match="more than 1999 bytes"):
        await egress.get(address, largest=1999)
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"
    with pytest.raises(FetchFailed, match="broke off"):
        await egress.get(address)
    server.waits = True
    with pytest.raises(FetchFailed, match="in time"):
        await egress.get(address, seconds=0.2)
    await egress.aclose()


async def test_an_address_without_end_is_none(ca_file: Path) -> None:
    egress = Egress((), ca_file)
    with pytest.raises(EgressRefused, match="not one"):
        await egress.get(f"https://example.org/{'a' * 70_000}")
    await egress.aclose()


async def test_nobody_there(ca_file: Path) -> None:
    egress = Egress({"nowhere.example.org"}, ca_file, Dns([]))
    with pytest.raises(FetchFailed, match="cannot be reached"):
        await egress.get("https://nowhere.example.org/")
    await egress.aclose()


async def test_the_systems_resolver_is_asked_by_default() -> None:
    assert "127.0.0.1" in await resolve("localhost", 443)


async def test_no_cookie_is_kept(server: Server, ca_file: Path) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    egress = Egress({f"127.0.0.1:{server.port}"}, ca_file)
    for _ in range(2):
        await egress.get(f"https://127.0.0.1:{server.port}/")
    assert all("cookie" not in each.lower() for each in server.requests)
    await egress.aclose()
