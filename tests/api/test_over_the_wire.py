"""The application behind its real server, on a real socket: contract C16, C43."""

from __future__ import annotations

import httpx
import pytest
from service_bench import BASE, MODE, Bench
from wire import raw, status_of

pytestmark = pytest.mark.anyio

#: More than a server reads at once, so that its limit on unfinished requests counts.
MUCH = 1024 * 1024


async def test_the_same_answers_as_in_process(settled: Bench, port: int) -> None:
    """What the other tests say of the application holds for the server."""
    headers = {"Authorization": settled.client.headers["authorization"]}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        for path in (MODE, f"{MODE}/", f"{BASE}/imis", "/livez"):
            over, inside = await client.get(path), await settled.client.get(path)
            assert (over.status_code, over.content) == (inside.status_code, inside.content)
        put = await client.put(MODE, json={"mode": "test_mode"})
        assert (put.status_code, put.headers["upstream-writes"]) == (200, "1")
        deleted = await client.delete(MODE)
        assert (deleted.status_code, deleted.content) == (204, b"")
        etag = put.headers["etag"]
        cached = await client.get(MODE, headers={"If-None-Match": etag})
        assert (cached.status_code, cached.content) == (304, b"")
        assert "server" not in put.headers


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * MUCH + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * MUCH + b"\r\n",
        b"GET /" + b"x" * MUCH + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\r\n\r\n",
    ],
    ids=[
        "header",
        "headers",
        "target",
        "nonsense",
        "version",
        "length",
        "huge",
        "coding",
        "tls",
        "nul",
    ],
)
async def test_what_is_no_sensible_request_is_refused(port: int, request_bytes: bytes) -> None:
    """contract C43: headers bounded; never 5xx to bad input."""
    try:
        answer = await raw(port, request_bytes)
    except (ConnectionError, TimeoutError):
        answer = b""
    if answer:
        assert 400 <= status_of(answer) < 500
    assert status_of(await raw(port, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")) == 200


async def test_a_body_over_the_limit_is_not_waited_for(settled: Bench, port: int) -> None:
    """contract C43: 413 at once, also where the length is not told."""
    token = settled.client.headers["authorization"].encode()
    head = b"PUT %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n" % (MODE.encode(), token)
    told = await raw(port, head + b"Content-Length: 65537\r\n\r\n")
    assert status_of(told) == 413
    chunks = b"".join(b"2000\r\n" + b" " * 0x2000 + b"\r\n" for _ in range(9))
    streamed = await raw(port, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert status_of(streamed) == 413
