"""Secret sources: where the operator keeps what only the products may see (contract C21)."""

from __future__ import annotations

from imis_sso.connectors.secrets.resolve import resolve, resolve_off_loop

__all__ = ["resolve", "resolve_off_loop"]
