"""The tables. `migrations/` makes them; a test keeps the two equal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import JSON, Column, Dialect, Index, MetaData, String, Table, TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A point in time as ISO 8601 text in UTC, of one width, so that text order is time order."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write a time that knows its zone; raises ValueError for one that does not."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a time without zone cannot be stored"
            raise ValueError(msg)
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read it back in UTC."""
        del dialect
        return None if value is None else datetime.fromisoformat(value)


def now() -> datetime:
    """Give the present time in UTC."""
    return datetime.now(UTC)


METADATA: Final = MetaData()

TOKENS: Final = Table(
    "tokens",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scope", String(32), nullable=False),
    Column("environments", JSON(none_as_null=True)),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)
Index(
    "tokens_active_name",
    TOKENS.c.name,
    unique=True,
    sqlite_where=TOKENS.c.revoked_at.is_(None),
    postgresql_where=TOKENS.c.revoked_at.is_(None),
)

APPLIED_SECRETS: Final = Table(
    "applied_secrets",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("resource", String(255), primary_key=True),
    Column("ref", String(63), nullable=False),
    Column("version", String(32), nullable=False),
)

MANAGED: Final = Table(
    "managed",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("resource", String(255), primary_key=True),
    Column("period_started_at", Moment, nullable=False),
    Column("last_write_at", Moment, nullable=False),
    Column("last_writer", String(255), nullable=False),
    Column("ended_at", Moment),
)

REFUSED_LOGINS: Final = Table(
    "refused_logins",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("product", String(32), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("at", Moment, nullable=False),
)
Index("refused_logins_environment", REFUSED_LOGINS.c.environment)
