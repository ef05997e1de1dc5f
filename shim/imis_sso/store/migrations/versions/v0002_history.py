"""Audit lines, intents, snapshots, holds, leases, idempotency; life of tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MADE = (
    "audit_lines",
    "intents",
    "checkpoints",
    "deliveries",
    "snapshots",
    "history",
    "holds",
    "leases",
    "tickets",
    "idempotency",
)


def upgrade() -> None:
    """Make the tables and add the columns; what is there keeps its meaning."""
    op.add_column("tokens", sa.Column("expires_at", sa.String(27)))
    op.add_column("tokens", sa.Column("last_used_at", sa.String(27)))
    op.add_column("managed", sa.Column("found", sa.String(64)))
    _audit()
    _snapshots()
    _concurrency()


def downgrade() -> None:
    """Drop them, and with them the whole history."""
    for table in reversed(_MADE):
        op.drop_table(table)
    for table, column in (
        ("managed", "found"),
        ("tokens", "last_used_at"),
        ("tokens", "expires_at"),
    ):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)


def _audit() -> None:
    op.create_table(
        "audit_lines",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(255), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("write", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "intents",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("product", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(255), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("found", sa.String(64)),
    )
    op.create_index("intents_environment", "intents", ["environment", "product"])
    op.create_table(
        "checkpoints",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("sink", sa.String(64), primary_key=True),
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
    )


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "history",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(255), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_index("history_environment", "history", ["environment", "number"])
    op.create_table(
        "holds",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )


def _concurrency() -> None:
    op.create_table(
        "leases",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("product", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_table(
        "tickets",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("product", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_index("tickets_product", "tickets", ["environment", "product", "number"])
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.String(255), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.JSON()),
        sa.Column("body", sa.Text),
    )
