"""Fifty writers with one entity tag: one wins, nobody's update is lost (contract C32, C34, R5)."""

from __future__ import annotations

import asyncio
import os

import pytest
from service_bench import OPENID_CONNECT, Bench

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("IMIS_SSO_R5_ROUNDS", "2"))
"""Rounds of fifty through HTTP; the write path alone is put through 200 in every run."""
WRITERS = 50


async def test_fifty_writers_with_one_etag(settled: Bench) -> None:
    """Target R5."""
    client = settled.client
    for round_ in range(ROUNDS):
        before = await client.get(OPENID_CONNECT)
        match = {"If-Match": before.headers["ETag"]}
        stored = settled.imis.counters.stored
        answers = await asyncio.gather(
            *(
                client.put(OPENID_CONNECT, json={"name": f"{round_}-{number}"}, headers=match)
                for number in range(WRITERS)
            )
        )
        codes = sorted(each.status_code for each in answers)
        assert codes == [200, *[412] * (WRITERS - 1)], [each.text for each in answers]
        (won,) = [each for each in answers if each.status_code == 200]
        after = await client.get(OPENID_CONNECT)
        assert after.content == won.content
        assert after.headers["ETag"] == won.headers["ETag"] != before.headers["ETag"]
        assert settled.imis.counters.stored - stored == 1
