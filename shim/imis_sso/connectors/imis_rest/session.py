"""The log-in session at one iMIS: one request at a time, one log-in for all who wait.

Product facts 3.3 (fair use) and targets R4: whoever finds the session expired renews it, and
everybody behind uses the new one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar

from imis_sso.connectors.imis_rest.login import LogIn, Token
from imis_sso.connectors.imis_rest.transport import Answer, NoAnswer, Request, Transport
from imis_sso.domain.problems import Busy, UpstreamTimeout
from imis_sso.domain.secret import Secret

T = TypeVar("T")
_IDENTIFICATION: Final = "imis-sso"
_PUT_BACK_SECONDS: Final = 60.0


@dataclass(frozen=True)
class FairUse:
    """How patient a session is with an iMIS in trouble (product facts 3.3).

    `repeats` is how often a read is repeated that was not taken, `backoff` the seconds before the
    first repeat where `Retry-After` names none; they double, with jitter.
    """

    repeats: int = 2
    backoff: float = 0.25


class Session:
    """Sends requests with a token, each within `budget` seconds, waiting and log-in included."""

    def __init__(
        self, transport: Transport, log_in: LogIn, seconds: float, budget: float, fair_use: FairUse
    ) -> None:
        self._transport, self._log_in = transport, log_in
        self._seconds, self._budget, self._fair_use = seconds, budget, fair_use
        self._turn = asyncio.Lock()
        self._token: Token | None = None
        self._running: asyncio.Task[Any] | None = None
        self.generation = 0

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The password and the token in use, to be kept out of everything that is said."""
        token = None if self._token is None else self._token.secret
        return tuple(each for each in (self._log_in.password, token) if each is not None)

    async def call(self, request: Request, *, is_write: bool = False) -> Answer:
        """Give the answer to a request, whatever its status.

        401 is met with one new log-in; 429, 503 and failures that may pass are repeated as far as
        a repeat can do no harm. Raises Problems of the log-in, `Busy`, and NoAnswer.
        """
        return await self._in_turn(partial(self._patiently, request, is_write=is_write))

    async def prove_login(self) -> None:
        """Log in once, afresh. The session that lives goes on, unless it is about to end.

        Raises Problems of the log-in, `Busy`, and NoAnswer.
        """
        await self._in_turn(self._log_in_afresh)

    async def _in_turn(self, work: Callable[[float], Coroutine[Any, Any, T]]) -> T:
        deadline = asyncio.get_running_loop().time() + self._budget
        await self._wait_for_turn(deadline)
        task = asyncio.create_task(work(deadline))
        self._running = task
        task.add_done_callback(self._end_turn)
        # A caller that goes away must not make room for a second request beside this one.
        return await asyncio.shield(task)

    async def _log_in_afresh(self, deadline: float) -> None:
        token = await self._log_in.token(self._left(deadline))
        if self._token is None or not self._token.is_fresh(_PUT_BACK_SECONDS):
            # Whoever raises the mode may need the session again, to lower it.
            self._token = token
            self.generation += 1

    async def aclose(self) -> None:
        """End what is running and close the connections."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        self._token = None
        await self._transport.aclose()

    async def _wait_for_turn(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._turn.acquire()
        except TimeoutError:
            text = "other requests to iMIS are ahead and did not end in time; nothing was written"
            raise Busy(text) from None

    def _end_turn(self, task: asyncio.Task[Any]) -> None:
        self._running = None
        self._turn.release()
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits for it any more

    async def _patiently(self, request: Request, deadline: float, *, is_write: bool) -> Answer:
        done = 0
        while True:
            outcome = await self._attempt(request, deadline)
            pause = self._pause(outcome, done)
            in_time = asyncio.get_running_loop().time() + pause < deadline
            if done < self._repeats(outcome, request.method, is_write=is_write) and in_time:
                await asyncio.sleep(pause)
                done += 1
            elif isinstance(outcome, NoAnswer):
                raise outcome
            else:
                return outcome

    async def _attempt(self, request: Request, deadline: float) -> Answer | NoAnswer:
        try:
            answer = await self._authorised(request, deadline)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                self._token = None
                answer = await self._authorised(request, deadline)
        except NoAnswer as failure:
            return failure
        return answer

    async def _authorised(self, request: Request, deadline: float) -> Answer:
        if self._token is None or not self._token.is_fresh():
            self._token = None
            self._token = await self._log_in.token(self._left(deadline))
            self.generation += 1
        bearer = {
            "Authorization": f"Bearer {self._token.secret.reveal()}",
            "User-Agent": _IDENTIFICATION,
        }
        sent = replace(request, headers={**request.headers, **bearer})
        return await self._transport.send(sent, self._left(deadline))

    def _left(self, deadline: float) -> float:
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            late = UpstreamTimeout("iMIS was too slow: the time for this request is used up")
            raise NoAnswer(late, sent=False)
        return min(left, self._seconds)

    def _repeats(self, outcome: Answer | NoAnswer, method: str, *, is_write: bool) -> int:
        if is_write:
            return int(_was_not_taken(outcome, method))
        if _was_not_taken(outcome, method):
            return self._fair_use.repeats
        return int(_may_pass(outcome))

    def _pause(self, outcome: Answer | NoAnswer, done: int) -> float:
        asked = outcome.wait if isinstance(outcome, NoAnswer) else outcome.retry_after
        jitter = random.uniform(1.0, 1.5)  # noqa: S311  # spreads load, guards nothing  # nosec B311
        return max(asked or 0.0, self._fair_use.backoff * 2.0**done * jitter)


def _was_not_taken(outcome: Answer | NoAnswer, method: str) -> bool:
    """Tell whether iMIS certainly did nothing, so that even a write may be sent again.

    A creation is repeated after 429 only: a second record is worse than an error.
    """
    if isinstance(outcome, NoAnswer):
        return outcome.passing and not outcome.sent
    if outcome.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return method != "POST"
    return outcome.status == HTTPStatus.TOO_MANY_REQUESTS


def _may_pass(outcome: Answer | NoAnswer) -> bool:
    if isinstance(outcome, NoAnswer):
        return outcome.passing
    is_failure = outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return is_failure and outcome.status != HTTPStatus.NOT_IMPLEMENTED
