"""The first tables: tokens, applied secrets, managed periods, refused log-ins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. What exists is never touched: times are ISO text in UTC."""
    _tokens()
    _applied_secrets()
    _managed()
    _refused_logins()


def downgrade() -> None:
    """Drop the tables, and with them every token."""
    for table in ("refused_logins", "managed", "applied_secrets", "tokens"):
        op.drop_table(table)


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("environments", sa.JSON()),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27)),
    )
    active = sa.text("revoked_at IS NULL")
    op.create_index(
        "tokens_active_name",
        "tokens",
        ["name"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )


def _applied_secrets() -> None:
    op.create_table(
        "applied_secrets",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("resource", sa.String(255), primary_key=True),
        sa.Column("ref", sa.String(63), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
    )


def _managed() -> None:
    op.create_table(
        "managed",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("resource", sa.String(255), primary_key=True),
        sa.Column("period_started_at", sa.String(27), nullable=False),
        sa.Column("last_write_at", sa.String(27), nullable=False),
        sa.Column("last_writer", sa.String(255), nullable=False),
        sa.Column("ended_at", sa.String(27)),
    )


def _refused_logins() -> None:
    op.create_table(
        "refused_logins",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("product", sa.String(32), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_index("refused_logins_environment", "refused_logins", ["environment"])
