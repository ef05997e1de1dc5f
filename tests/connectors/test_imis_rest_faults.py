"""Faults of the connection, for every operation of `imis_rest` (targets R6)."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.imis_rest import ImisRest
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import (
    Problem,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OPENID_CONNECT

if TYPE_CHECKING:
    from imis_rest_bench import Bench, ScriptedImis

pytest_plugins = ("imis_rest_bench",)
pytestmark = pytest.mark.anyio

LISTED = '{"Items": {"$values": [{"$type": "T", "ProviderId": "7", "ProviderName": "N"}]}}'


@pytest.fixture
async def imis(bench: Bench) -> AsyncIterator[ImisRest]:
    connector = bench.connector(request_seconds=2.0)
    yield connector
    await connector.aclose()


@pytest.fixture
async def wired(scripted: ScriptedImis) -> AsyncIterator[ImisRest]:
    connector = scripted.connector()
    yield connector
    await connector.aclose()


BROKEN: list[tuple[str, dict[str, Any], type[Problem]]] = [
    ("reset", {}, UpstreamError),
    ("truncate", {}, UpstreamError),
    ("truncate", {"keep": 0}, UpstreamError),
    ("latency", {"seconds": 2.6}, UpstreamTimeout),
    ("slow_close", {"seconds": 2.6}, UpstreamTimeout),
    ("answer_lost", {}, UpstreamError),
    ("status", {"status": 500}, UpstreamError),
    ("status", {"status": 502}, UpstreamError),
    ("status", {"status": 504}, UpstreamError),
    ("status", {"status": 408}, UpstreamTimeout),
    ("status", {"status": 302}, UpstreamError),
    ("status", {"status": 200, "body": "<html>Sign in</html>"}, UpstreamError),
    ("status", {"status": 200, "body": "{"}, UpstreamError),
]


@pytest.mark.parametrize(("kind", "params", "cause"), BROKEN)
async def test_a_write_without_a_clear_answer_is_uncertain(
    bench: Bench, imis: ImisRest, kind: str, params: dict[str, Any], cause: type[Problem]
) -> None:
    """Product facts 3.5: never sent again blindly, never called done."""
    base = await imis.read(OPENID_CONNECT)
    bench.fault(kind, "write", times=9, **params)
    with pytest.raises(WriteUncertain) as uncertain:
        await imis.write(OPENID_CONNECT, Change({"name": "x"}), base)
    assert type(uncertain.value.cause) is cause
    assert bench.model.counters.writes == 1


@pytest.mark.parametrize(
    ("kind", "params", "cause"), [each for each in BROKEN if each[0] != "answer_lost"]
)
async def test_a_read_without_a_clear_answer_is_an_error(
    bench: Bench, imis: ImisRest, kind: str, params: dict[str, Any], cause: type[Problem]
) -> None:
    """Contract C4: never defaults, never half a record."""
    bench.fault(kind, "read", times=9, **params)
    with pytest.raises(Problem) as failed:
        await imis.read(OPENID_CONNECT)
    assert type(failed.value) is cause
    assert bench.model.counters.reads <= 2


@pytest.mark.parametrize(("kind", "params"), [("reset", {}), ("truncate", {})])
async def test_a_read_that_broke_off_is_repeated_once(
    bench: Bench, imis: ImisRest, kind: str, params: dict[str, Any]
) -> None:
    bench.fault(kind, "read", times=1, **params)
    assert (await imis.read(OPENID_CONNECT)).exists


@pytest.mark.parametrize("status", [429, 503])
async def test_a_write_that_was_not_taken_is_sent_once_more(
    bench: Bench, imis: ImisRest, status: int
) -> None:
    """RFC 9110 section 15.6.4, RFC 6585 section 4: the product says that it did nothing."""
    bench.fault("status", "write", status=status)
    assert (await bench.change(imis, {"name": "x"})).values["name"] == "x"
    bench.fault("status", "write", times=2, status=status)
    with pytest.raises(UpstreamUnavailable, match="did not take"):
        await bench.change(imis, {"name": "y"})
    assert bench.stored["ProviderName"] == "x"


async def test_a_creation_is_not_sent_again_after_503(bench: Bench, imis: ImisRest) -> None:
    """A second record is worse than an error."""
    bench.vary(imis_records="none")
    bench.fault("status", "write", status=503)
    with pytest.raises(UpstreamUnavailable):
        await bench.change(imis, {"name": "x"})
    assert bench.model.counters.writes == 1
    bench.fault("status", "write", status=429)
    assert (await bench.change(imis, {"name": "x"})).exists
    assert len(bench.model.records) == 1


async def test_a_creation_whose_answer_is_lost_is_uncertain(bench: Bench, imis: ImisRest) -> None:
    bench.vary(imis_records="none")
    bench.fault("answer_lost", "write")
    with pytest.raises(WriteUncertain):
        await bench.change(imis, {"name": "x"})
    assert (await imis.read(OPENID_CONNECT)).values["name"] == "x"


async def test_what_iMIS_did_not_keep_shows_in_the_read_back(  # noqa: N802
    bench: Bench, imis: ImisRest
) -> None:
    """Contract C33: success is what the read-back shows, not what the write answered."""
    bench.fault("write_dropped", "write")
    assert (await bench.change(imis, {"name": "x"})).values["name"] == "Single sign-on"
    bench.fault("write_altered", "write", changes={"ProviderName": "y"})
    assert (await bench.change(imis, {"name": "x"})).values["name"] == "y"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_an_unreachable_product_is_unavailable(scripted: ScriptedImis) -> None:
    """Contract C4: 503, never 404, never defaults."""
    scripted.base_url = f"https://127.0.0.1:{_free_port()}"
    imis = scripted.connector()
    with pytest.raises(UpstreamUnavailable, match=r"cannot be reached"):
        await imis.read(OPENID_CONNECT)
    await imis.aclose()


async def test_a_host_that_does_not_exist_is_unavailable(scripted: ScriptedImis) -> None:
    scripted.base_url = "https://imis.invalid"
    imis = scripted.connector()
    with pytest.raises(UpstreamUnavailable, match=r"imis\.invalid cannot be reached"):
        await imis.read(OPENID_CONNECT)
    await imis.aclose()


async def test_a_write_that_could_not_be_sent_is_no_riddle(bench: Bench, imis: ImisRest) -> None:
    base = await imis.read(OPENID_CONNECT)
    away = bench.connector(base_url=f"https://127.0.0.1:{_free_port()}")
    with pytest.raises(UpstreamUnavailable):
        await away.write(OPENID_CONNECT, Change({"name": "x"}), base)
    assert bench.model.counters.writes == 0
    await away.aclose()


async def test_a_certificate_nobody_vouches_for_is_refused(bench: Bench) -> None:
    """TLS is verified, always; the message says what is wrong with it."""
    imis = bench.connector(ca_file=None)
    with pytest.raises(UpstreamUnavailable, match="certificate was refused"):
        await imis.read(OPENID_CONNECT)
    assert bench.model.counters.requests == 0
    await imis.aclose()


async def test_a_certificate_of_another_host_is_refused(scripted: ScriptedImis) -> None:
    scripted.base_url = scripted.base_url.replace("127.0.0.1", "localhost")
    imis = scripted.connector()
    with pytest.raises(UpstreamUnavailable, match="certificate was refused"):
        await imis.read(OPENID_CONNECT)
    assert scripted.seen == []
    await imis.aclose()


async def test_a_server_that_speaks_no_tls_is_refused(scripted: ScriptedImis) -> None:
    """Never in clear: the password would go out readable."""
    plain = await asyncio.start_server(_greet, "127.0.0.1", 0)
    scripted.base_url = f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}"
    imis = scripted.connector()
    with pytest.raises(UpstreamUnavailable, match=r"no trusted connection.*TLS failed"):
        await imis.read(OPENID_CONNECT)
    await imis.aclose()
    plain.close()


async def _greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("content", [None, "not a certificate"])
async def test_a_ca_file_that_cannot_be_used_is_named(
    bench: Bench, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "roots.pem").write_text(content)
    imis = bench.connector(ca_file=tmp_path / "roots.pem")
    with pytest.raises(UpstreamUnavailable, match=r"roots\.pem"):
        await imis.read(OPENID_CONNECT)
    await imis.aclose()


async def test_proxies_of_the_surroundings_are_not_used(
    bench: Bench, imis: ImisRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password goes to the product it is for and to nobody else (contract C45)."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{_free_port()}")
    assert (await imis.read(OPENID_CONNECT)).exists
    assert bench.model.counters.reads == 1


async def test_redirects_are_not_followed(scripted: ScriptedImis, wired: ImisRest) -> None:
    """A token goes to the product it is for and to nobody else (contract C45)."""
    scripted.script = [scripted.answer("", "307 Moved", f"Location: {scripted.base_url}/elsewhere")]
    with pytest.raises(UpstreamError, match="307"):
        await wired.read(OPENID_CONNECT)
    assert not any("/elsewhere" in each for each in scripted.seen)


async def test_an_answer_that_is_too_large_is_not_read(
    scripted: ScriptedImis, wired: ImisRest
) -> None:
    """Targets S5: size limits."""
    scripted.script = [scripted.answer("[" + " " * 1024 * 1024 + "]")]
    with pytest.raises(UpstreamError, match="1 MiB"):
        await wired.read(OPENID_CONNECT)


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(LISTED.encode(), mtime=0),
        b"[" * 100_000,
        b'{"Items": NaN}',
        b"\xff\xfe{}",
        b'{"Items": ' + b"9" * 5000 + b"}",
    ],
)
async def test_what_is_not_json_is_an_error(
    scripted: ScriptedImis, wired: ImisRest, body: bytes
) -> None:
    """Targets S5: upstream JSON is untrusted."""
    scripted.script = [scripted.answer(body)]
    with pytest.raises(UpstreamError, match="JSON"):
        await wired.read(OPENID_CONNECT)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "5",
        '{"Items": 5}',
        '{"Items": {"$values": [5]}}',
        '{"Items": [{"ProviderName": "no id"}]}',
        '{"Items": [{"ProviderId": 7}]}',
        '{"Items": [{"ProviderId": "7", "ProviderName": "\\ud800"}]}',
        '{"Items": [{"ProviderId": "7", "ClientSecret": {"a": 1}}]}',
        '{"Items": [{"ProviderId": "7", "Mode": 3}]}',
        '{"Items": [{"ProviderId": "7", "ProviderType": true}]}',
    ],
)
async def test_json_of_another_shape_is_a_changed_page(
    scripted: ScriptedImis, wired: ImisRest, body: str
) -> None:
    """Nothing is guessed from a record that is not as described."""
    scripted.script = [scripted.answer(body)]
    with pytest.raises(UpstreamPageChanged, match="iMIS"):
        await wired.read(OPENID_CONNECT)


@pytest.mark.parametrize("body", [LISTED, "\ufeff" + LISTED, LISTED.replace('{"$values": ', "", 1)])
async def test_harmless_differences_are_read(
    scripted: ScriptedImis, wired: ImisRest, body: str
) -> None:
    """A byte order mark; a bare list in place of a collection's envelope."""
    text = body if "$values" in body else body[:-1]
    scripted.script = [scripted.answer(text)]
    seen = await wired.read(OPENID_CONNECT)
    assert seen.values["name"] == "N"
    assert seen.values["type"] == "entra_id"


async def test_a_list_without_an_end_is_given_up(scripted: ScriptedImis, wired: ImisRest) -> None:
    """Product facts 3.3: no full scans."""
    scripted.script = [scripted.answer('{"HasNext": true, ' + LISTED[1:])]
    with pytest.raises(UpstreamError, match="more"):
        await wired.read(OPENID_CONNECT)
    assert len(scripted.seen) == 6


async def test_fractions_go_back_as_they_came(scripted: ScriptedImis, wired: ImisRest) -> None:
    """Product facts 3.5: exactly as they came, to the last digit."""
    odd = '"Rate": 1.10, "Big": 123456789012345678901234567890, "Tiny": 1E-7'
    scripted.script = [scripted.answer(LISTED.replace('"ProviderName"', f'{odd}, "ProviderName"'))]
    base = await wired.read(OPENID_CONNECT)
    scripted.script = [scripted.answer("", "204 No Content")]
    await wired.write(OPENID_CONNECT, Change({"name": "x"}), base)
    sent = scripted.seen[-1]
    assert sent.startswith("PUT /api/OpenIDProvider/7 ")
    assert odd.replace(": ", ":").replace(", ", ",") in sent
    assert sent.partition("\r\n\r\n")[2].startswith('{"$type":"T",')


async def test_cookies_are_not_kept(scripted: ScriptedImis, wired: ImisRest) -> None:
    scripted.script = [scripted.answer(LISTED, "200 OK", "Set-Cookie: session=abc; Secure")]
    await wired.read(OPENID_CONNECT)
    await wired.read(OPENID_CONNECT)
    assert not any("abc" in each for each in scripted.seen)


async def test_an_id_is_quoted_in_the_address(scripted: ScriptedImis, wired: ImisRest) -> None:
    scripted.script = [scripted.answer(LISTED.replace('"7"', '"a/b?c"'))]
    base = await wired.read(OPENID_CONNECT)
    scripted.script = [scripted.answer("", "204 No Content")]
    await wired.write(OPENID_CONNECT, Change({"name": "x"}), base)
    assert scripted.seen[-1].startswith("PUT /api/OpenIDProvider/a%2Fb%3Fc ")
