"""Answers to POST requests, kept under their `Idempotency-Key` (contract C35)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from imis_sso.domain.idempotency import RETENTION, RUNNING, Claim, KeptAnswer
from imis_sso.domain.problems import IdempotencyMismatch, InProgress
from imis_sso.store.database import Database
from imis_sso.store.tables import IDEMPOTENCY, now


class SqlIdempotency:
    """See `base.Idempotency`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, caller: str, key: str, digest: str) -> Claim | KeptAnswer:
        """Begin a request or give its answer; see `base.Idempotency.claim`."""
        claim = Claim(caller, key, self._clock())
        try:
            async with self._database.begin() as connection:
                await connection.execute(delete(IDEMPOTENCY).where(_past(claim.at)))
                await connection.execute(
                    insert(IDEMPOTENCY).values(caller=caller, key=key, digest=digest, at=claim.at)
                )
        except IntegrityError:
            return await self._known(claim, digest)
        return claim

    async def keep(self, claim: Claim, answer: KeptAnswer) -> None:
        """Keep the answer of a request; see `base.Idempotency.keep`."""
        values = {
            "status": answer.status,
            "headers": [list(each) for each in answer.headers],
            "body": answer.body,
        }
        async with self._database.begin() as connection:
            await connection.execute(update(IDEMPOTENCY).where(_held(claim)).values(values))

    async def release(self, claim: Claim) -> None:
        """Forget a request that came to nothing; see `base.Idempotency.release`."""
        async with self._database.begin() as connection:
            await connection.execute(delete(IDEMPOTENCY).where(_held(claim)))

    async def _known(self, claim: Claim, digest: str) -> KeptAnswer:
        own = (IDEMPOTENCY.c.caller == claim.caller) & (IDEMPOTENCY.c.key == claim.key)
        async with self._database.connect() as connection:
            row = (await connection.execute(select(IDEMPOTENCY).where(own))).one_or_none()
        if row is not None and row.digest != digest:
            msg = f"The key {claim.key[:60]!r} was used for another request; use a new one."
            raise IdempotencyMismatch(msg)
        if row is None or row.status is None:
            msg = f"A request with the key {claim.key[:60]!r} is being worked on; ask again."
            raise InProgress(msg)
        return _answer(row)


def _past(moment: datetime) -> ColumnElement[bool]:
    """Tell what is past its time, requests of dead processes included."""
    at, status = IDEMPOTENCY.c.at, IDEMPOTENCY.c.status
    return or_(at <= moment - RETENTION, and_(status.is_(None), at <= moment - RUNNING))


def _held(claim: Claim) -> ColumnElement[bool]:
    """Tell a request from a later one of the same key: another took over from a dead process."""
    return and_(
        IDEMPOTENCY.c.caller == claim.caller,
        IDEMPOTENCY.c.key == claim.key,
        IDEMPOTENCY.c.at == claim.at,
        IDEMPOTENCY.c.status.is_(None),
    )


def _answer(row: Row[Any]) -> KeptAnswer:
    return KeptAnswer(row.status, tuple((name, value) for name, value in row.headers), row.body)
