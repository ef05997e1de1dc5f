from __future__ import annotations

import pytest

from service_bench import CLIENT, MODE, OPENID_CONNECT, Bench

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_put_and_get_answer_the_same_canonical_bytes(bench: Bench) -> None:
    """contract C13."""
    put = await bench.client.put(OPENID_CONNECT, json=await bench.agreeing())
    assert put.status_code == 200, put.text
    assert put.headers["upstream-writes"] == "1"
    got = await bench.client.get(OPENID_CONNECT)
    assert got.content == put.content
    assert got.headers["etag"] == put.headers["etag"]


async def test_the_mode_goes_live_step_by_step(bench: Bench) -> None:
    """contract 1.2."""
    await bench.go_live()
    assert (await bench.client.get(MODE)).json() == {"mode": "enabled"}
    assert (await bench.client.get(CLIENT)).status_code == 200
