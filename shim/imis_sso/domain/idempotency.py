"""What is kept of a POST that carries an `Idempotency-Key` (contract C35)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

RETENTION: Final = timedelta(hours=24)
"""How long an answer is kept: a key that is sent again later is a new request."""
RUNNING: Final = timedelta(seconds=90)
"""After this time without an answer the process is taken for dead: a write takes < 50 s (C33)."""


@dataclass(frozen=True)
class Claim:
    """The right to answer a request, held since `at` by whoever made it."""

    caller: str
    key: str
    at: datetime


@dataclass(frozen=True)
class KeptAnswer:
    """An answer as it was sent; it holds no secret, as no answer does (contract C20)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
