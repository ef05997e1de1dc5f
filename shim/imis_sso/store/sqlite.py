"""The engine of a SQLite file: one machine, several processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WRITES: Final = "imis_sso_writes"
"""Execution option of a transaction that writes: `durable` or `fleeting`."""

_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 10000",  # first, so that the next one waits for others too
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)
_SYNCHRONOUS: Final = {"durable": "FULL", "fleeting": "NORMAL"}


def sqlite_engine(database: Path) -> AsyncEngine:
    """Make the engine of a database file that is there.

    A writing transaction takes the write lock when it begins, so that what it reads first is
    still so when it writes, whatever other processes do.
    """
    # Parameters are hashes and fingerprints: they stay out of exceptions and logs.
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(database)), hide_parameters=True
    )
    event.listen(engine.sync_engine, "connect", _configure)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _configure(connection: Any, _record: object) -> None:
    # What somebody has changed in the file may be no text at all; it is read, and found then.
    connection.driver_connection.text_factory = _text
    connection.isolation_level = None  # `_begin` says how a transaction begins, not the driver
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    if writes is None:
        connection.exec_driver_sql("BEGIN")
        return
    wanted = _SYNCHRONOUS[writes]
    if connection.info.get("synchronous", "FULL") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
        connection.info["synchronous"] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE")
