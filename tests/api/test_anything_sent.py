"""Whatever is sent: never 5xx, nothing written by what is refused. contract C30, C43; targets S4."""

from __future__ import annotations

import json
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from api_answers import nothing_written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_bench import BASE, MODE, OPENID_CONNECT, Bench

from imis_sso.domain.documents import OpenIDConnect

pytestmark = pytest.mark.anyio

KEYS = [*OpenIDConnect.model_fields, "client_secret", "mode", "nmae", "on_destroy", ""]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=20)
    | st.sampled_from(
        ["https://", "https://127.0.0.1", "okta", " ", "\u0000", "💥", "v1-0", "partner"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
BODIES = (
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), VALUES, max_size=5).map(
        lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
    )
    | VALUES.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
    | st.binary(max_size=200)
    | st.text(alphabet='{}[]",:0123456789eE+-.\\untrfalsy', max_size=60).map(str.encode)
)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["dry_run", "fields", "include", "force", "on_destroy", "probe", "x"])
        | st.text(max_size=6),
        st.sampled_from(["true", "false", "meta", "name", "mode", "retain", ""])
        | st.text(max_size=8),
    ),
    max_size=3,
).map(lambda pairs: urlencode(pairs).encode()) | st.binary(max_size=40)
NAMES = st.sampled_from(
    [b"if-match", b"if-none-match", b"content-type", b"accept", b"range", b"content-length",
     b"x-http-method-override", b"content-encoding", b"expect", b"x-request-id", b"cookie"]
)  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=30)), max_size=4)
METHODS = st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS"])
PATHS = st.sampled_from(
    [OPENID_CONNECT, MODE, f"{BASE}/status", f"{BASE}/secrets/partner", "/v1/environments", "/docs"]
)
FEW = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@dataclass
class Answer:
    """What came back over ASGI."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def _send(
    bench: Bench,
    method: str,
    path: str,
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
) -> Answer:
    """Hand a request to the application as a server does, which sends bytes no client would."""
    answer, token = Answer(), bench.client.headers["authorization"].encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"shim"), *headers, (b"authorization", token)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await bench.app(scope, receive, send)
    return answer


def _check(answer: Answer) -> None:
    assert 200 <= answer.status < 500, answer
    if answer.status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["detail"]


@given(
    body=BODIES,
    method=st.sampled_from(["PUT", "PATCH"]),
    path=st.sampled_from([OPENID_CONNECT, MODE]),
)
@FEW
async def test_any_body_is_answered(settled: Bench, body: bytes, method: str, path: str) -> None:
    """contract C30: 4xx explains."""
    _check(await _send(settled, method, path, b"dry_run=true", body=body))
    assert nothing_written(settled)


@given(body=BODIES)
@FEW
async def test_what_is_refused_writes_nothing(settled: Bench, body: bytes) -> None:
    """contract C2: `Upstream-Writes` tells the truth, whatever is sent."""
    writes = settled.imis.counters.writes
    answer = await _send(settled, "PUT", OPENID_CONNECT, body=body)
    _check(answer)
    done = settled.imis.counters.writes - writes
    assert done == int(answer.headers["upstream-writes"])
    assert done == 0 or answer.status == 200


@given(method=METHODS, path=PATHS, query=QUERIES, headers=HEADERS)
@FEW
async def test_any_parameters_and_headers_are_answered(
    settled: Bench, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    """contract C14, C16, C34."""
    body = b'{"mode":"disabled"}' if method in ("PUT", "PATCH") else b""
    _check(await _send(settled, method, path, query, headers, body))


@given(segments=st.lists(st.binary(max_size=8), min_size=1, max_size=5), method=METHODS)
@FEW
async def test_any_path_is_answered(settled: Bench, segments: list[bytes], method: str) -> None:
    """contract section 4: nothing there is 404."""
    path = "/v1/environments/" + "/".join(quote(each, safe="") for each in segments)
    _check(await _send(settled, method, path))


@given(secret=st.binary(max_size=120))
@FEW
async def test_any_authorization_is_answered(settled: Bench, secret: bytes) -> None:
    """contract C41: 401, whatever the header holds."""
    headers = [(b"authorization", b"Bearer " + secret)]
    answer = await _send(settled, "GET", MODE, headers=headers)
    assert answer.status == 401
    _check(answer)
