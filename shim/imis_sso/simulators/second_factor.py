"""The second factor of a simulated log-in: codes by time (RFC 6238), or a push message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imis_sso.simulators.openid.server import equal
from imis_sso.simulators.product import new_session

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS, _DRIFT = 6, 1


@dataclass
class Pending:
    """A log-in whose password was right, and that waits for its second factor."""

    approved: bool = False


def new_totp_secret() -> str:
    """Make a secret as it is shown when codes are set up: base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp_code(secret: str, counter: int) -> str:
    """Give the code of a period (RFC 6238 section 4, RFC 4226 section 5.3)."""
    digest = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number)[-_DIGITS:].zfill(_DIGITS)


class SecondFactor:
    """Log-ins that wait, and which code was used last: none is taken twice (RFC 6238 5.2)."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._pending: dict[str, Pending] = {}
        self._used = -1

    def begin(self) -> str:
        """Have a log-in wait; gives its id."""
        pending = new_session()
        self._pending[pending] = Pending()
        return pending

    def waits(self, pending: str) -> bool:
        """Tell whether a log-in of this id waits."""
        return pending in self._pending

    def accepts(self, code: str, secret: str, period: int) -> bool:
        """Tell whether a code is right now, or was one period ago, and was not used yet."""
        now = int(self._clock() // period)
        for counter in range(max(now - _DRIFT, self._used + 1), now + _DRIFT + 1):
            if equal(code, totp_code(secret, counter)):
                self._used = counter
                return True
        return False

    def approve(self) -> int:
        """Approve every log-in that waits, as at a telephone; gives how many there were."""
        for each in self._pending.values():
            each.approved = True
        return len(self._pending)

    def is_approved(self, pending: str) -> bool:
        """Tell whether a person approved a log-in."""
        return pending in self._pending and self._pending[pending].approved

    def end(self, pending: str) -> None:
        """Forget a log-in that waited."""
        self._pending.pop(pending, None)
