"""Verdicts, results of probes, attested sign-ins, what is each environment's own; turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MADE = ("verifications", "proofs", "attestations", "sightings")


def upgrade() -> None:
    """Make the tables, and count the turns of leases."""
    op.add_column("leases", sa.Column("turns", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "verifications",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("proof", sa.String(16), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_table(
        "proofs",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    _attestations()
    op.create_table(
        "sightings",
        sa.Column("environment", sa.String(63), primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("authority_url", sa.Text, nullable=False),
        sa.Column("secret_mark", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Drop them: what was verified and attested has to be so again."""
    for table in reversed(_MADE):
        op.drop_table(table)
    op.drop_column("leases", "turns")


def _attestations() -> None:
    op.create_table(
        "attestations",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("redirect_url", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
    )
    columns = ["environment", "digest", "number"]
    op.create_index("attestations_digest", "attestations", columns)
