"""A copy of the SQLite database while it is in use."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from imis_sso.store.migrate import DATABASE
from imis_sso.store.place import refusal


def back_up(data_dir: Path, target: Path) -> int:
    """Copy the database to a new file, 0600, whole or not at all; gives its size in bytes.

    Writers go on meanwhile (SQLite's online backup). Raises ConfigurationError where there is no
    database, the file is there already, or it cannot be written.
    """
    source = data_dir / DATABASE
    if not source.is_file():
        raise refusal(source, "there is no database to back up")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(descriptor)
        draft = Path(name)
        try:
            _copy(source, draft)
            os.link(draft, target)  # unlike a rename, never over a file that is there
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise refusal(target, "is there already") from None
    except OSError as error:
        raise refusal(target, f"cannot be written: {error.strerror}") from None
    return target.stat().st_size


def _copy(source: Path, draft: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as there,
            closing(sqlite3.connect(draft)) as here,
        ):
            there.backup(here)
            here.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
            if here.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise refusal(source, "is damaged, and so would the copy be")
    except sqlite3.Error as error:
        raise refusal(source, f"cannot be copied: {error}") from None
    with draft.open("rb") as written:
        os.fsync(written.fileno())
