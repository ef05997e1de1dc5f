"""The data directory and the files in it: nobody else's to read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault


def refusal(path: Path, message: str) -> ConfigurationError:
    """Give the error for a file or folder that cannot be used, in one line."""
    return ConfigurationError([ConfigurationFault(path, None, "", message)])


def private_directory(path: Path) -> Path:
    """Make the data directory, 0700, or take the one that is there.

    Raises ConfigurationError where it cannot be made or everybody may write to it. The mode of a
    directory that was there before is left alone: it may be shared on purpose.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.stat().st_mode
    except OSError as error:
        raise refusal(path, f"cannot be used as data directory: {error.strerror}") from None
    if mode & stat.S_IWOTH:
        raise refusal(path, "is a data directory that everybody may write to: chmod 0700")
    if not os.access(path, os.W_OK | os.X_OK):
        raise refusal(path, "is a data directory that this user may not write to")
    return path


def private_file(path: Path) -> None:
    """Make an empty file, 0600, or take away what others may do to the one that is there.

    Raises ConfigurationError where that is not possible.
    """
    try:
        if not _made(path):
            # Never opened here: closing it would drop the locks that SQLite holds on it.
            if not path.is_file():
                raise refusal(path, "is not a file")
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
    except OSError as error:
        raise refusal(path, f"cannot be used: {error.strerror}") from None


def _made(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return False
    return True
