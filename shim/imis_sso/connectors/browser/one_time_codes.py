"""The one-time codes of a log-in: one a period, whoever asks (RFC 6238 section 5.2)."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from imis_sso.connectors.base import LoginGuard
from imis_sso.domain.problems import Busy, SecretUnavailable
from imis_sso.domain.secret import Secret
from imis_sso.domain.totp import code_generator

_PATIENCE: Final = 8.0
# A code that is typed in the last moment arrives after its time.
_LAST_MOMENT: Final = 1.0


class CodeUsed(Busy):
    """The code of this period was used, and the next one is too far away to wait for."""


class OneTimeCodes:
    """Gives each period's code once, in all processes that share the guard's memory.

    `patience` is how many seconds it waits for the next period where this one's code was used.
    """

    def __init__(
        self,
        guard: LoginGuard,
        *,
        clock: Callable[[], float] = time.time,
        patience: float = _PATIENCE,
    ) -> None:
        self._guard, self._clock, self._patience = guard, clock, patience

    async def next(self, totp: Secret, title: str, *, wait: bool = True) -> Secret:
        """Give a code that was never used; without `wait`, at once or not at all.

        Raises SecretUnavailable where `totp` is no secret of codes, and CodeUsed, with the time to
        come again, where this period's code was used and the next one is too far away.
        """
        try:
            generator = code_generator(totp)
        except ValueError as error:
            msg = f"No one-time code for {title}: {error}."
            raise SecretUnavailable(msg) from None
        waited = 0.0
        while True:
            now = self._clock()
            left, counter = generator.seconds_left(now), generator.counter(now)
            in_time = left > min(_LAST_MOMENT, generator.period / 4)
            if in_time and await self._guard.take_code(counter * generator.period):
                return generator.code(counter)
            waited += left
            if waited > (self._patience if wait else 0.0):
                msg = (
                    f"The one-time code of {title} was used already in this period, and no code is "
                    "used twice."
                )
                raise CodeUsed(msg, retry_after=math.ceil(left))
            await asyncio.sleep(left)
