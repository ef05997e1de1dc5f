"""Alembic migrations of the store."""

from __future__ import annotations

from typing import Final

HEAD: Final = "0004"
"""The newest migration. A start compares it with the database's before anything is imported."""
