"""Small facts about each environment, by kind and key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "facts",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )


def downgrade() -> None:
    """Drop it: what was accepted, bound, confirmed and rehearsed has to be so again."""
    op.drop_table("facts")
