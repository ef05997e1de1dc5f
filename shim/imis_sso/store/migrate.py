"""Bringing the database to this version's tables, under a lock, on start."""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from imis_sso.store.migrations import HEAD
from imis_sso.store.place import private_directory, private_file, refusal

logger = logging.getLogger(__name__)

DATABASE: Final = "imis-sso.sqlite3"
LOCK: Final = "imis-sso.lock"
LOCK_SECONDS: Final = 30.0


def prepare(data_dir: Path, lock_seconds: float = LOCK_SECONDS) -> Path:
    """Give the database of a data directory, made or migrated where necessary.

    Several processes may start at once: one of them migrates, the others wait. Raises
    ConfigurationError where the directory or the database cannot be used.
    """
    database = private_directory(data_dir) / DATABASE
    if not database.exists() or version(database) != HEAD:
        with _lock(data_dir / LOCK, lock_seconds):
            private_file(database)
            if version(database) != HEAD:
                _upgrade(database)
    private_file(database)
    return database


def version(database: Path) -> str | None:
    """Give the migration that a database is at, None for an empty one.

    Reads one row instead of importing Alembic, which would double the time of a start. Raises
    ConfigurationError where the file is no database.
    """
    try:
        with closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)
        ) as opened:
            known = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            if opened.execute(known).fetchone() is None:
                return None
            row = opened.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if row is None else str(row[0])
    except sqlite3.Error as error:
        raise refusal(database, f"cannot be used as the database: {error}") from None


@contextmanager
def _lock(path: Path, seconds: float) -> Iterator[None]:
    private_file(path)
    with path.open("rb") as stream:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise refusal(path, "has been locked by another process for too long") from None
                time.sleep(0.05)
        yield


def _upgrade(database: Path) -> None:
    import alembic.command  # only where there is something to migrate
    import alembic.config
    import alembic.util
    from sqlalchemy import URL, create_engine, exc

    engine = create_engine(URL.create("sqlite", database=str(database)), hide_parameters=True)
    config = alembic.config.Config()
    config.set_main_option("script_location", "imis_sso.store:migrations")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
    except alembic.util.CommandError:
        raise refusal(database, "was written by a newer version of imis-sso") from None
    except exc.SQLAlchemyError as error:
        raise refusal(database, f"cannot be migrated: {error.__class__.__name__}") from None
    finally:
        engine.dispose()
    logger.debug("database is at migration %s", HEAD)
