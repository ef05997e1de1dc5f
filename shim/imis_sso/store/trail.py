"""The audit trail: one hash chain an environment, signed checkpoints, open intents (contract 7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from imis_sso.domain.audit import (
    GENESIS,
    Checkpoint,
    Entry,
    Line,
    Selection,
    chained,
    moment,
    statement,
)
from imis_sso.domain.intents import Intent
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.snapshots import State
from imis_sso.store.database import Database
from imis_sso.store.history import keep
from imis_sso.store.signing import Signer
from imis_sso.store.tables import AUDIT_LINES, CHECKPOINTS, INTENTS, now
from imis_sso.store.trail_rows import (
    CHECKPOINT,
    LINE,
    checkpoint_of,
    columns_of,
    conditions,
    intent_of,
    line_of,
    row_of,
)

T = TypeVar("T")
_TRIES: Final = 50


class _Again(Exception):  # noqa: N818  # nobody's mistake
    """Somebody else has done the same meanwhile: begin again."""


class SqlTrail:
    """See `base.Trail`."""

    def __init__(
        self, database: Database, signer: Signer, clock: Callable[[], datetime] = now
    ) -> None:
        self._database, self._signer, self._clock = database, signer, clock
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after each line; see `base.Trail.listen`."""
        self._listeners.append(listener)

    async def append(self, entry: Entry, states: Sequence[State] = ()) -> tuple[str, ...]:
        """Append a line and keep states with it; see `base.Trail.append`."""

        async def work(connection: AsyncConnection) -> tuple[str, ...]:
            return await self._line(connection, entry, states)

        return await self._attempt(work)

    async def append_once(self, entry: Entry) -> None:
        """Append a line that is not there yet; see `base.Trail.append_once`."""

        async def work(connection: AsyncConnection) -> None:
            if await _times(connection, entry.environment, entry.kind, entry.write) == 0:
                await self._line(connection, entry, ())
                # Only the line itself keeps others from writing: somebody may have come before.
                if await _times(connection, entry.environment, entry.kind, entry.write) > 1:
                    raise _Again

        await self._attempt(work)

    async def append_with(
        self, entries: Sequence[Entry], also: Callable[[AsyncConnection], Awaitable[None]]
    ) -> None:
        """Append lines and do something more in the same transaction, all or nothing."""

        async def work(connection: AsyncConnection) -> None:
            for entry in entries:
                await self._line(connection, entry, ())
            await also(connection)

        await self._attempt(work)

    async def open(self, entry: Entry, intent: Intent, found: Sequence[State]) -> str | None:
        """Append an intent's line and hold it open; see `base.Trail.open`."""

        async def work(connection: AsyncConnection) -> str | None:
            names = await self._line(connection, entry, found)
            name = names[-1] if names else None
            values = columns_of(intent) | {"found": name}
            await connection.execute(insert(INTENTS).values(values))
            return name

        return await self._attempt(work)

    async def close(self, entry: Entry, states: Sequence[State] = ()) -> tuple[str, ...]:
        """Append an outcome's line and end its intent; see `base.Trail.close`."""

        async def work(connection: AsyncConnection) -> tuple[str, ...]:
            await connection.execute(delete(INTENTS).where(INTENTS.c.id == entry.write))
            return await self._line(connection, entry, states)

        return await self._attempt(work)

    async def intents(self, environment: str) -> Sequence[Intent]:
        """Give the intents without an outcome; see `base.Trail.intents`."""
        query = select(INTENTS).where(INTENTS.c.environment == environment)
        async with self._database.connect() as connection:
            rows = await connection.execute(query.order_by(INTENTS.c.at, INTENTS.c.id))
            return [intent_of(row) for row in rows]

    async def lines(
        self, environment: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Line]:
        """Give lines in their order; see `base.Trail.lines`."""
        found = (AUDIT_LINES.c.environment == environment) & (AUDIT_LINES.c.seq > after)
        query = select(*LINE).where(found).order_by(AUDIT_LINES.c.seq).limit(limit)
        async with self._database.connect() as connection:
            rows = await connection.execute(query)
            return [line_of(row) for row in rows]

    async def find(self, environment: str, selection: Selection, limit: int) -> Sequence[Line]:
        """Give the selected lines; see `base.Trail.find`."""
        order = AUDIT_LINES.c.seq.desc() if selection.newest_first else AUDIT_LINES.c.seq
        query = select(*LINE).where(AUDIT_LINES.c.environment == environment)
        query = query.where(*conditions(selection)).order_by(order).limit(limit)
        async with self._database.connect() as connection:
            rows = await connection.execute(query)
            return [line_of(row) for row in rows]

    async def checkpoints(self, environment: str) -> Sequence[Checkpoint]:
        """Give the signed checkpoints in their order; see `base.Trail.checkpoints`."""
        query = select(*CHECKPOINT).where(CHECKPOINTS.c.environment == environment)
        async with self._database.connect() as connection:
            rows = await connection.execute(query.order_by(CHECKPOINTS.c.seq))
            return [checkpoint_of(row) for row in rows]

    async def ends(self) -> Mapping[str, int]:
        """Give the last number of each environment; see `base.Trail.ends`."""
        columns = AUDIT_LINES.c
        query = select(columns.environment, func.max(columns.seq)).group_by(columns.environment)
        async with self._database.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def checkpoint(self, environment: str, seq: int) -> Checkpoint | None:
        """Give the checkpoint of a line; see `base.Trail.checkpoint`."""
        found = (CHECKPOINTS.c.environment == environment) & (CHECKPOINTS.c.seq == seq)
        async with self._database.connect() as connection:
            row = (await connection.execute(select(*CHECKPOINT).where(found))).one_or_none()
        return None if row is None else checkpoint_of(row)

    async def last_checkpoint(self, environment: str) -> Checkpoint | None:
        """Give the newest signed checkpoint; see `base.Trail.last_checkpoint`."""
        query = select(*CHECKPOINT).where(CHECKPOINTS.c.environment == environment)
        async with self._database.connect() as connection:
            rows = await connection.execute(query.order_by(CHECKPOINTS.c.seq.desc()).limit(1))
            row = rows.one_or_none()
        return None if row is None else checkpoint_of(row)

    async def has(self, environment: str, kind: str, write: str) -> bool:
        """Tell whether a line of this kind and write is there; see `base.Trail.has`."""
        async with self._database.connect() as connection:
            return await _times(connection, environment, kind, write) > 0

    async def _attempt(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do the work in a transaction; begin again where another line took its number."""
        for _ in range(_TRIES):
            try:
                async with self._database.begin() as connection:
                    done = await work(connection)
            except (IntegrityError, _Again):
                continue
            for listener in self._listeners:
                listener()
            return done
        msg = "the audit trail is too busy"
        raise StoreUnavailable(msg)

    async def _line(
        self, connection: AsyncConnection, entry: Entry, states: Sequence[State]
    ) -> tuple[str, ...]:
        at = self._clock()
        seq, prev = await _end(connection, entry.environment)
        line = chained(entry, seq + 1, prev, at)
        await connection.execute(insert(AUDIT_LINES).values(row_of(entry, line, at)))
        await connection.execute(insert(CHECKPOINTS).values(self._checkpoint(line, at)))
        return await keep(
            connection,
            states,
            environment=entry.environment,
            who=entry.who,
            at=at,
            seq=line.seq,
        )

    def _checkpoint(self, line: Line, at: datetime) -> dict[str, Any]:
        signed = statement(line.environment, line.seq, line.hash, moment(at))
        return {
            "environment": line.environment,
            "seq": line.seq,
            "hash": line.hash,
            "at": at,
            "key": self._signer.name,
            "signature": self._signer.sign(signed),
        }


async def _times(connection: AsyncConnection, environment: str, kind: str, write: str) -> int:
    found = (
        (AUDIT_LINES.c.environment == environment)
        & (AUDIT_LINES.c.kind == kind)
        & (AUDIT_LINES.c.write == write)
    )
    query = select(func.count()).select_from(AUDIT_LINES).where(found)
    return (await connection.execute(query)).scalar_one()


async def _end(connection: AsyncConnection, environment: str) -> tuple[int, str]:
    last = (
        select(AUDIT_LINES.c.seq, AUDIT_LINES.c.hash)
        .where(AUDIT_LINES.c.environment == environment)
        .order_by(AUDIT_LINES.c.seq.desc())
        .limit(1)
    )
    row = (await connection.execute(last)).one_or_none()
    return (0, GENESIS) if row is None else (row.seq, row.hash)
