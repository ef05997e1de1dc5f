"""Where a shared database is, as the operator named it."""

from __future__ import annotations

from dataclasses import dataclass

from imis_sso.domain.secret import Secret


@dataclass(frozen=True)
class DatabaseAddress:
    """A PostgreSQL database: its URL without password, and the password that came with it.

    Printing it shows the URL alone (contract C20).
    """

    url: str
    password: Secret | None = None

    def __str__(self) -> str:
        return self.url
