"""Faults only a directory can have: none so far, beside those of the connection."""

from __future__ import annotations

KINDS: dict[str, frozenset[str]] = {}
