"""Looking at a store without changing it: what it is, how full it is, whether it is sound."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.store.database import Database
from imis_sso.store.migrate import DATABASE, VERSION_TABLE
from imis_sso.store.migrations import HEAD
from imis_sso.store.postgresql import Server, postgresql_engine
from imis_sso.store.sqlite import sqlite_engine
from imis_sso.store.tables import METADATA, TICKETS

LEAST_FREE: Final = 64 * 1024 * 1024
"""Bytes that must be free where the database is: a full disk stops every write."""

_INTEGRITY_LINES: Final = 5


@dataclass
class Inspection:
    """What was found. The store is sound where `faults` is empty.

    `size` and `free` are bytes; None where they cannot be told from here.
    """

    place: str
    version: str | None = None
    head: str = HEAD
    writable: bool = False
    size: int | None = None
    free: int | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def inspect_store(data_dir: Path, server: Server | None = None) -> Inspection:
    """Inspect the database on a server, else the one in the data directory.

    Nothing is made, migrated or kept. Raises ConfigurationError where the driver is missing.
    """
    if server is not None:
        found = Inspection(server.url)
        await _inspect(Database(postgresql_engine(server)), found)
        return found
    path = data_dir / DATABASE
    found = Inspection(str(path))
    if not path.is_file():
        found.faults.append("there is no database yet: imis-sso store migrate makes it")
        return found
    _look_at_disk(path, found)
    await _inspect(Database(sqlite_engine(path)), found)
    return found


def _look_at_disk(path: Path, found: Inspection) -> None:
    parts = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    found.size = sum(each.stat().st_size for each in parts if each.exists())
    found.free = shutil.disk_usage(path.parent).free
    if found.free < LEAST_FREE:
        found.faults.append(f"only {found.free // 1024 // 1024} MiB are free where it is")


async def _inspect(database: Database, found: Inspection) -> None:
    try:
        async with database.connect() as connection:
            await _look_inside(connection, database.dialect, found)
        await _try_writing(database, found)
    except StoreUnavailable as error:
        found.faults.append(f"it cannot be used: {error}")
    finally:
        await database.aclose()


async def _look_inside(connection: AsyncConnection, dialect: str, found: Inspection) -> None:
    if dialect == "sqlite":
        found.faults += await _damage(connection)
    else:
        size = await connection.execute(text("SELECT pg_database_size(current_database())"))
        found.size = size.scalar_one()
    missing = await connection.run_sync(_missing)
    if not await connection.run_sync(lambda sync: inspect(sync).has_table(VERSION_TABLE)):
        found.faults.append("it has no tables yet: imis-sso store migrate makes them")
        return
    version = await connection.execute(text("SELECT version_num FROM alembic_version"))
    found.version = version.scalar_one_or_none()
    if found.version != HEAD:
        found.faults.append(
            f"its tables are at version {found.version}, this imis-sso has {HEAD}: "
            "imis-sso store migrate"
        )
    found.faults += missing
    if not missing:
        found.rows = await _rows(connection)


async def _damage(connection: AsyncConnection) -> list[str]:
    found = await connection.execute(text("PRAGMA integrity_check"))
    lines = [str(line) for line in found.scalars()]
    return [] if lines == ["ok"] else [f"damaged: {line}" for line in lines[:_INTEGRITY_LINES]]


def _missing(connection: Connection) -> list[str]:
    """Name the tables and columns that this version needs and the database lacks."""
    inspector, lacking = inspect(connection), []
    there = set(inspector.get_table_names())
    for table in METADATA.sorted_tables:
        if table.name not in there:
            lacking.append(f"the table {table.name} is missing")
            continue
        columns = {each["name"] for each in inspector.get_columns(table.name)}
        gone = sorted({column.name for column in table.columns} - columns)
        lacking += [f"the column {table.name}.{name} is missing" for name in gone]
    return lacking


async def _rows(connection: AsyncConnection) -> dict[str, int]:
    counted = {}
    for table in METADATA.sorted_tables:
        count = await connection.execute(select(func.count()).select_from(table))
        counted[table.name] = count.scalar_one()
    return dict(sorted(counted.items()))


async def _try_writing(database: Database, found: Inspection) -> None:
    trial = insert(TICKETS).values(environment="", product="", holder="check", expires_at=0.0)
    try:
        async with database.begin() as connection:
            undone = await connection.begin_nested()
            await connection.execute(trial)
            await undone.rollback()
        found.writable = True
    except StoreUnavailable as error:
        found.faults.append(f"it cannot be written: {error}")
