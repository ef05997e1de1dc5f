"""Bearer tokens, stored as hashes (contract C40)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from imis_sso.domain.access import Principal, Scope, TokenNameTaken, TokenRecord
from imis_sso.store.database import Database
from imis_sso.store.tables import TOKENS, now

PREFIX: Final = "imis_sso_"
MAX_LENGTH: Final = 200

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SHAPE = re.compile(rf"{PREFIX}(?P<id>[0-9a-f]+)_(?P<random>[A-Za-z0-9_-]+)")
_NOBODY = "0" * 64


class SqlTokens:
    """See `base.Tokens`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock
        self._ephemeral: dict[str, tuple[str, Principal]] = {}

    async def create(
        self, name: str, scope: Scope, environments: Iterable[str] | None = None
    ) -> str:
        """Make a token; see `base.Tokens.create`."""
        token, identity, digest = _made()
        values = {
            "id": identity,
            "name": _checked(name),
            "hash": digest,
            "scope": scope.value,
            "environments": None if environments is None else sorted(set(environments)),
            "created_at": self._clock(),
        }
        try:
            async with self._database.begin() as connection:
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
        digest, principal = await self._known(shape["id"])
        equal = hmac.compare_digest(digest, _digest(shape["random"]))
        return principal if equal else None

    async def list(self) -> Sequence[TokenRecord]:
        """Give every stored token; see `base.Tokens.list`."""
        async with self._database.connect() as connection:
            rows = await connection.execute(
                select(TOKENS).order_by(TOKENS.c.created_at, TOKENS.c.id)
            )
            return [_record(row) for row in rows]

    async def revoke(self, name: str) -> bool:
        """Revoke a token; see `base.Tokens.revoke`."""
        active = (TOKENS.c.name == name) & TOKENS.c.revoked_at.is_(None)
        async with self._database.begin() as connection:
            done = await connection.execute(
                update(TOKENS).where(active).values(revoked_at=self._clock())
            )
        return bool(done.rowcount)

    async def _known(self, identity: str) -> tuple[str, Principal | None]:
        if identity in self._ephemeral:
            return self._ephemeral[identity]
        active = (TOKENS.c.id == identity) & TOKENS.c.revoked_at.is_(None)
        async with self._database.connect() as connection:
            row = (await connection.execute(select(TOKENS).where(active))).one_or_none()
        if row is None:
            return _NOBODY, None
        record = _record(row)
        return row.hash, Principal(record.name, record.scope, record.environments)


def _made() -> tuple[str, str, str]:
    identity, random = secrets.token_hex(6), secrets.token_urlsafe(32)
    return f"{PREFIX}{identity}_{random}", identity, _digest(random)


def _digest(random: str) -> str:
    # A random part of 256 bits cannot be guessed, so that a fast hash is enough.
    return hashlib.sha256(random.encode()).hexdigest()


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
    )
