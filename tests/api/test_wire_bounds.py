"""Number, size and time of what callers send, on real sockets: contract C43, C16, RFC 9112."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from api_answers import nothing_written
from service_bench import MODE, OPENID_CONNECT, Bench
from wire import PATIENCE, raw, status_of, until_closed

from imis_sso.cli import connection
from imis_sso.domain.access import Scope

pytestmark = pytest.mark.anyio

LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def problem(answer: bytes, status: int) -> dict[str, Any]:
    """Check that an answer is a problem that ends the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status_of(head) == status, answer
    lines = {line.partition(b":")[0].lower(): line for line in head.split(b"\r\n")[1:]}
    assert lines[b"connection"].endswith(b"close")
    assert lines[b"content-type"].endswith(b"application/problem+json")
    found: dict[str, Any] = json.loads(body)
    assert (found["status"], found["errors"]) == (status, [])
    assert found["detail"]
    return found


def _authorised(bench: Bench, method: str, path: str, *headers: str) -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: x", *headers)
    token = bench.client.headers["authorization"]
    return "\r\n".join((*lines, f"Authorization: {token}", "", "")).encode()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"x" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /livez?" + b"a=b&" * 2048 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"HEAD /" + b"x" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100 + b"\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 32768 + b"\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 65536, 431),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=["path", "query", "head-method", "headers", "header", "endless", "nonsense"],
)
async def test_heads_are_bounded(port: int, request_bytes: bytes, status: int) -> None:
    """contract C43: also where everything arrives in one piece."""
    problem(await until_closed(port, request_bytes), status)


async def test_what_is_within_the_bounds_is_served(port: int) -> None:
    """So that the refusals above are due to the bounds."""
    many = b"A: b\r\n" * 98
    for request in (
        b"GET /livez?" + b"a" * 8000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 32000 + b"\r\n\r\n",
    ):
        assert status_of(await raw(port, request)) == 200


SMUGGLED = [
    ["Content-Length: 2", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 5"],
    ["Content-Length: 2", "Content-Length: 3"],
    ["Content-Length: 2, 3"],
    ["Content-Length: +2"],
    ["Content-Length: 0x2"],
    ["Content-Length: -1"],
    ["Content-Length : 2"],
    ["Transfer-Encoding : chunked"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: identity"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: \x0bchunked"],
    ["Host: y"],
]


@pytest.mark.parametrize(
    "headers", SMUGGLED, ids=lambda each: "; ".join(each).replace("\x0b", "VT")
)
async def test_what_two_servers_read_differently_is_refused(
    settled: Bench, port: int, headers: list[str]
) -> None:
    """RFC 9112 6.1, 6.3: and the request that would hide in the body is never seen."""
    hidden = _authorised(settled, "PUT", MODE, "Content-Length: 20") + b'{"mode":"test_mode"}'
    body = b"0\r\n\r\n" + hidden
    answer = await until_closed(port, _authorised(settled, "PUT", MODE, *headers) + body)
    problem(answer, 400)
    assert answer.count(b"HTTP/1.1") == 1
    assert nothing_written(settled)


@pytest.mark.parametrize(
    "chunks",
    [b"2\r\n{}X\r\n0\r\n\r\n", b"x\r\n", b"-2\r\n{}\r\n", b"2 2\r\n{}\r\n0\r\n\r\n",
     b"\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"F" * 30 + b"\r\n", b"2\r\n{}\r\n0\r\nbad trailer\r\n\r\n"],
)  # fmt: skip
async def test_a_bad_chunk_is_refused(
    settled: Bench, port: int, chunks: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 9112 7.1: before an answer and after one; never a traceback in the log."""
    head = _authorised(settled, "DELETE", MODE, "Transfer-Encoding: chunked")
    problem(await until_closed(port, head + chunks), 400)
    unknown = b"PUT /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await until_closed(port, unknown + chunks)
    assert status_of(answer) in {400, 401}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(unknown)
    assert status_of(await asyncio.wait_for(reader.read(65536), PATIENCE)) == 401
    writer.write(chunks)
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()
    assert nothing_written(settled)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_pipelined_requests_are_answered_in_order(settled: Bench, port: int) -> None:
    """RFC 9112 9.3.2: one after the other, however many come at once."""
    put = _authorised(settled, "PUT", MODE, "Content-Length: 20") + b'{"mode":"test_mode"}'
    answer = await until_closed(port, put, LIVE * 300, LAST)
    answers = answer.split(b"HTTP/1.1 ")[1:]
    assert [each[:3] for each in answers] == [b"200"] * 302
    assert b'{"mode":"test_mode"}' in answers[0]


@pytest.mark.parametrize("length", ["Content-Length: 30", "Transfer-Encoding: chunked"])
async def test_half_a_request_is_never_acted_on(
    settled: Bench, port: int, length: str, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 9112 8: a DELETE whose body did not arrive whole is not a DELETE without one."""
    caplog.set_level(logging.INFO, "imis_sso.api.entrance")
    pair = settled.service.pairs["test"]
    await pair.managed.wrote("test", "imis/oidc-authentication", "somebody")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_authorised(settled, "DELETE", MODE, length))
    await writer.drain()
    await raw(port, LIVE)
    writer.close()
    while f"DELETE {MODE}" not in caplog.text:
        await asyncio.sleep(0.01)
    assert await pair.managed.current("test", "imis/oidc-authentication") is not None
    assert nothing_written(settled)


async def test_a_head_that_drips_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps nothing open."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ended = asyncio.create_task(reader.read())
    sent = 0
    while not ended.done() and sent < len(LIVE) - 2:
        writer.write(LIVE[sent : sent + 1])
        sent += 1
        await asyncio.sleep(0.1)
    problem(await asyncio.wait_for(ended, PATIENCE), 408)
    writer.close()


async def test_so_is_one_that_never_begins(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    problem(await until_closed(port), 408)


async def test_and_the_second_on_a_connection(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    answer = await until_closed(port, LIVE, b"GET /li")
    first, _, second = answer.partition(b'{"status":"ok"}')
    assert status_of(first) == 200
    problem(second, 408)


@pytest.mark.parametrize("length", ["Content-Length: 20", "Transfer-Encoding: chunked"])
async def test_a_body_that_drips_is_given_up(
    settled: Bench, port: int, monkeypatch: pytest.MonkeyPatch, length: str
) -> None:
    """And nothing is done of what was asked."""
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.3)
    answer = await until_closed(port, _authorised(settled, "PUT", MODE, length), b"{")
    problem(answer, 408)
    assert nothing_written(settled)


async def test_a_caller_who_does_not_read_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers must not pile up."""
    monkeypatch.setattr(connection, "READING_SECONDS", 0.3)
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.transport.pause_reading()
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(_ask_for_ever(writer), PATIENCE)
    writer.close()


async def _ask_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_connections_are_counted(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is told to come again; when another ends there is room."""
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 3)
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    answer = await until_closed(port)
    problem(answer, 503)
    assert b"Retry-After: 5\r\n" in answer
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
    while status_of(answer) != 200:
        answer = await raw(port, LIVE)


async def test_a_user_agent_is_never_looked_at(settled: Bench, port: int) -> None:
    """contract C16."""
    token = settled.caller(Scope.READ).headers["authorization"]
    answers = set()
    for agent in ("", "User-Agent: curl/8\r\n", "User-Agent: Terraform/1.15\r\n",
                  "User-Agent: " + "x" * 4000 + "\r\n", "User-Agent: <script>\r\n"):  # fmt: skip
        request = (
            f"GET {OPENID_CONNECT} HTTP/1.1\r\nHost: x\r\n{agent}Authorization: {token}\r\n\r\n"
        )
        answer = await raw(port, request.encode())
        answers.add((status_of(answer), answer.partition(b"\r\n\r\n")[2]))
    assert len(answers) == 1
    assert answers.pop()[0] == 200
