"""The tables. `migrations/` makes them; a test keeps the two equal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    JSON,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


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
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
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
    Column("found", String(64)),
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

AUDIT_LINES: Final = Table(
    "audit_lines",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("resource", String(255), nullable=False),
    Column("who", String(255), nullable=False),
    Column("write", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)

INTENTS: Final = Table(
    "intents",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("environment", String(63), nullable=False),
    Column("product", String(32), nullable=False),
    Column("resource", String(255), nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Column("found", String(64)),
)
Index("intents_environment", INTENTS.c.environment, INTENTS.c.product)

CHECKPOINTS: Final = Table(
    "checkpoints",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("key", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)

DELIVERIES: Final = Table(
    "deliveries",
    METADATA,
    Column("sink", String(64), primary_key=True),
    Column("environment", String(63), primary_key=True),
    Column("seq", Integer, nullable=False),
)

SNAPSHOTS: Final = Table(
    "snapshots",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("content", Text, nullable=False),
)

HISTORY: Final = Table(
    "history",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("environment", String(63), nullable=False),
    Column("at", Moment, nullable=False),
    Column("snapshot", String(64), nullable=False),
    Column("cause", String(32), nullable=False),
    Column("resource", String(255), nullable=False),
    Column("who", String(255), nullable=False),
    Column("seq", Integer, nullable=False),
)
Index("history_environment", HISTORY.c.environment, HISTORY.c.number)

HOLDS: Final = Table(
    "holds",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("who", String(255), nullable=False),
    Column("at", Moment, nullable=False),
)

LEASES: Final = Table(
    "leases",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("product", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("turns", Integer, nullable=False, server_default="0"),
)

TICKETS: Final = Table(
    "tickets",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("environment", String(63), nullable=False),
    Column("product", String(32), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("expires_at", Double, nullable=False),
)
Index("tickets_product", TICKETS.c.environment, TICKETS.c.product, TICKETS.c.number)

IDEMPOTENCY: Final = Table(
    "idempotency",
    METADATA,
    Column("caller", String(255), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("status", Integer),
    Column("headers", JSON(none_as_null=True)),
    Column("body", Text),
)

VERIFICATIONS: Final = Table(
    "verifications",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("passed", Integer, nullable=False),
    Column("proof", String(16), nullable=False),
    Column("at", Moment, nullable=False),
)

PROOFS: Final = Table(
    "proofs",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("checks", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

ATTESTATIONS: Final = Table(
    "attestations",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("environment", String(63), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("who", String(255), nullable=False),
    Column("at", Moment, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("redirect_url", Text, nullable=False),
    Column("outcome", Text, nullable=False),
)
Index(
    "attestations_digest",
    ATTESTATIONS.c.environment,
    ATTESTATIONS.c.digest,
    ATTESTATIONS.c.number,
)

SIGHTINGS: Final = Table(
    "sightings",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("authority_url", Text, nullable=False),
    Column("secret_mark", String(64), nullable=False),
)

FACTS: Final = Table(
    "facts",
    METADATA,
    Column("environment", String(63), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("content", JSON, nullable=False),
    Column("who", String(255), nullable=False),
    Column("at", Moment, nullable=False),
)
