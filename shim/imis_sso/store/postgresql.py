"""The engine of a PostgreSQL server: the store of several replicas."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.secret import Secret

if TYPE_CHECKING:
    import asyncpg

CONNECT_SECONDS: Final = 5.0
STATEMENT_SECONDS: Final = 10
MIGRATION_SECONDS: Final = 600
_POOL: Final = 5
_RECYCLE_SECONDS: Final = 1800

Password = Callable[[], Awaitable[Secret]]


@dataclass(frozen=True)
class Server:
    """A database on a PostgreSQL server: its URL without password, and where the password is.

    `password` is asked for at each new connection, so that a rotated one is seen without a
    restart; it raises StoreUnavailable where it cannot be had.
    """

    url: str
    password: Password | None = field(default=None, repr=False)


def postgresql_engine(server: Server, *, migrating: bool = False) -> AsyncEngine:
    """Make the engine of a server; nothing is connected yet.

    A connection that died, with the server or on the way, is noticed before it is used and made
    anew. No statement waits without end for a lock or an answer. Raises ConfigurationError where
    the driver is not installed.
    """
    seconds = MIGRATION_SECONDS if migrating else STATEMENT_SECONDS
    connect = _connecting(server, seconds)
    if migrating:
        return create_async_engine(
            "postgresql+asyncpg://", async_creator=connect, poolclass=NullPool, hide_parameters=True
        )
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        pool_recycle=_RECYCLE_SECONDS,
        hide_parameters=True,
    )


def _connecting(server: Server, seconds: int) -> Callable[[], Awaitable[asyncpg.Connection]]:
    try:
        import asyncpg
    except ModuleNotFoundError:
        msg = "needs a driver that is not installed: install imis-sso[postgresql]"
        raise ConfigurationError([ConfigurationFault(None, None, "database_url", msg)]) from None
    limits = {
        "application_name": "imis-sso",
        "lock_timeout": f"{seconds}s",
        "statement_timeout": f"{seconds * 2}s",
        "idle_in_transaction_session_timeout": f"{seconds * 3}s",
    }

    async def connect() -> asyncpg.Connection:
        password = await server.password() if server.password is not None else None
        try:
            return await asyncpg.connect(
                server.url,
                password=password.reveal() if password is not None else None,
                timeout=CONNECT_SECONDS,
                command_timeout=seconds * 3,  # only where the server is silent itself
                server_settings=limits,
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            raise StoreUnavailable(_reason(error)) from None

    return connect


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the database server does not answer"
    words = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    return str(words).splitlines()[0]
