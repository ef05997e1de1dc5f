"""One question for all who ask at the same time (contract C3)."""

from __future__ import annotations

import asyncio

import pytest

from imis_sso.services.together import Together

pytestmark = pytest.mark.anyio


class Oracle:
    """Answers with the number of the question, when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.go_on.wait()
        if number == 3:
            raise ValueError("three")
        return number


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_later_gets_an_answer_begun_later() -> None:
    oracle = Oracle()
    ask = Together(oracle)
    first = [asyncio.create_task(ask()) for _ in range(3)]
    await _turns()
    later = [asyncio.create_task(ask()) for _ in range(5)]
    await _turns()
    assert oracle.begun == 1
    oracle.go_on.set()
    assert await asyncio.gather(*first) == [1, 1, 1]
    assert await asyncio.gather(*later) == [2, 2, 2, 2, 2]
    assert oracle.begun == 2


async def test_a_failure_is_everybodys_and_the_next_question_is_new() -> None:
    oracle = Oracle()
    oracle.go_on.set()
    ask = Together(oracle)
    assert [await ask(), await ask()] == [1, 2]
    failed = await asyncio.gather(ask(), ask(), return_exceptions=True)
    assert [str(each) for each in failed] == ["three", "three"]
    assert await ask() == 4


async def test_one_who_goes_away_leaves_the_question_to_the_others() -> None:
    oracle = Oracle()
    ask = Together(oracle)
    leaving, staying = (asyncio.create_task(ask()) for _ in range(2))
    await _turns()
    leaving.cancel()
    oracle.go_on.set()
    assert await staying == 1
    assert leaving.cancelled()
