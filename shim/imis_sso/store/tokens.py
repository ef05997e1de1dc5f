"""Bearer tokens, stored as hashes (contract C40)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from imis_sso.domain.access import (
    Principal,
    Scope,
    TokenNameTaken,
    TokenRecord,
    TokenState,
)
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import Unauthenticated
from imis_sso.store.database import Database
from imis_sso.store.tables import TOKENS, now

PREFIX: Final = "imis_sso_"
MAX_LENGTH: Final = 200
NOTED_EVERY: Final = timedelta(minutes=1)

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SHAPE = re.compile(rf"{PREFIX}(?P<id>[0-9a-f]+)_(?P<random>[A-Za-z0-9_-]+)")
_NOBODY = "0" * 64

logger = logging.getLogger(__name__)


class SqlTokens:
    """See `base.Tokens`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock
        self._ephemeral: dict[str, tuple[str, Principal]] = {}
        self._noted: dict[str, datetime] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def create(
        self,
        name: str,
        scope: Scope,
        environments: Iterable[str] | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Make a token; see `base.Tokens.create`."""
        token, identity, digest = _made()
        moment = self._clock()
        values = {
            "id": identity,
            "name": _checked(name),
            "hash": digest,
            "scope": scope.value,
            "environments": None if environments is None else sorted(set(environments)),
            "created_at": moment,
            "expires_at": expires_at,
        }
        expired = _active(name) & (TOKENS.c.expires_at <= moment)
        give_up = update(TOKENS).where(expired).values(revoked_at=TOKENS.c.expires_at)
        try:
            async with self._database.begin() as connection:
                await connection.execute(give_up)
                await connection.execute(insert(TOKENS).values(values))
        except IntegrityError:
            raise TokenNameTaken(name) from None
        return token

    def ephemeral(self, name: str, scope: Scope, environments: Iterable[str] | None = None) -> str:
        """Make a token of this process only; see `base.Tokens.ephemeral`."""
        token, identity, digest = _made()
        bound = None if environments is None else frozenset(environments)
        self._ephemeral[identity] = (digest, Principal(_checked(name), scope, bound))
        return token

    async def find(self, token: str) -> Principal | None:
        """Give whom a token stands for; see `base.Tokens.find`."""
        shape = _SHAPE.fullmatch(token) if len(token) <= MAX_LENGTH else None
        if shape is None:
            return None
        if shape["id"] in self._ephemeral:
            digest, principal = self._ephemeral[shape["id"]]
            return principal if _fits(shape, digest) else None
        digest, record = await self._known(shape["id"])
        if not _fits(shape, digest) or record is None:
            return None
        self._require_unexpired(record)
        self._note_use(record)
        return Principal(record.name, record.scope, record.environments)

    async def list(self) -> Sequence[TokenRecord]:
        """Give every stored token; see `base.Tokens.list`."""
        async with self._database.connect() as connection:
            rows = await connection.execute(
                select(TOKENS).order_by(TOKENS.c.created_at, TOKENS.c.id)
            )
            return [_record(row) for row in rows]

    async def revoke(self, name: str) -> bool:
        """Revoke a token; see `base.Tokens.revoke`."""
        revoked = update(TOKENS).where(_active(name)).values(revoked_at=self._clock())
        async with self._database.begin() as connection:
            done = await connection.execute(revoked)
        return bool(done.rowcount)

    async def settled(self) -> None:
        """Wait until every use so far is recorded, or could not be."""
        await asyncio.gather(*self._notes)

    async def _known(self, identity: str) -> tuple[str, TokenRecord | None]:
        active = (TOKENS.c.id == identity) & TOKENS.c.revoked_at.is_(None)
        async with self._database.connect() as connection:
            row = (await connection.execute(select(TOKENS).where(active))).one_or_none()
        return (_NOBODY, None) if row is None else (row.hash, _record(row))

    def _require_unexpired(self, record: TokenRecord) -> None:
        if record.state(self._clock()) is TokenState.EXPIRED:
            msg = (
                f"This token expired at {record.expires_at:%Y-%m-%d %H:%M} UTC; ask for a new one."
            )
            raise Unauthenticated(msg)

    def _note_use(self, record: TokenRecord) -> None:
        """Record the use beside the request, which neither waits for it nor fails with it."""
        moment = self._clock()
        noted = self._noted.get(record.id, record.last_used_at)
        if noted is not None and moment - noted < NOTED_EVERY:
            return
        self._noted[record.id] = moment
        note = asyncio.create_task(self._write_use(record.id, moment))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _write_use(self, identity: str, moment: datetime) -> None:
        used = update(TOKENS).where(TOKENS.c.id == identity).values(last_used_at=moment)
        try:
            async with self._database.begin() as connection:
                await connection.execute(used)
        except StoreUnavailable as error:
            logger.info("the use of a token could not be recorded: %s", error)


def _made() -> tuple[str, str, str]:
    identity, random = secrets.token_hex(6), secrets.token_urlsafe(32)
    return f"{PREFIX}{identity}_{random}", identity, _digest(random)


def _digest(random: str) -> str:
    # A random part of 256 bits cannot be guessed, so that a fast hash is enough.
    return hashlib.sha256(random.encode()).hexdigest()


def _fits(shape: re.Match[str], digest: str) -> bool:
    return hmac.compare_digest(digest, _digest(shape["random"]))


def _active(name: str) -> ColumnElement[bool]:
    return (TOKENS.c.name == name) & TOKENS.c.revoked_at.is_(None)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = "the name of a token is 1 to 64 letters, digits, dots, underscores and hyphens"
        raise ValueError(msg)
    return name


def _record(row: Row[Any]) -> TokenRecord:
    return TokenRecord(
        id=row.id,
        name=row.name,
        scope=Scope(row.scope),
        environments=None if row.environments is None else frozenset(row.environments),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
