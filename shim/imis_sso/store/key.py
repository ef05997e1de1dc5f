"""The server key, which every fingerprint is made with (contract C22, C25)."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final, Protocol

from imis_sso.domain.configuration import ConfigurationError
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.store.place import private_directory, refusal

KEY_FILE: Final = "fingerprint.key"
MIN_BYTES: Final = 32
MAX_BYTES: Final = 4096


class KeyPlaces(Protocol):
    """The two settings that say where the key is."""

    @property
    def data_dir(self) -> Path:
        """The data directory, where the key is made if no file is named."""

    @property
    def fingerprint_key_file(self) -> Path | None:
        """The file with the key, which must exist; None for the one in the data directory."""


def load_key(settings: KeyPlaces) -> FingerprintKey:
    """Give the server key, made on the first start unless a file is named.

    Raises ConfigurationError, in one line, where the file is missing, too short, or open to others.
    """
    if settings.fingerprint_key_file is not None:
        return FingerprintKey(read_private(settings.fingerprint_key_file))
    path = private_directory(settings.data_dir) / KEY_FILE
    if not path.exists():
        make_private(path, f"{secrets.token_hex(32)}\n")
    return FingerprintKey(read_private(path))


def read_private(path: Path, what: str = "server key") -> bytes:
    """Give the content of a key file without its last line end; `what` names the key for people.

    Raises ConfigurationError, in one line, where it is missing, too short, or open to others.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
            content = os.read(descriptor, MAX_BYTES + 1) if stat.S_ISREG(mode) else b""
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refusal(path, f"cannot be read as {what}: {error.strerror}") from None
    key = content.removesuffix(b"\n").removesuffix(b"\r")
    if wrong := _wrong(what, mode, len(key)):
        raise refusal(path, wrong)
    return key


def _wrong(what: str, mode: int, length: int) -> str | None:
    if not stat.S_ISREG(mode):
        return f"is not a regular file, as the {what} must be"
    if mode & 0o077:
        return f"holds the {what} and is open to others: chmod 0600"
    if not MIN_BYTES <= length <= MAX_BYTES:
        return f"holds {length} bytes; the {what} has {MIN_BYTES} to {MAX_BYTES}"
    return None


def make_private(path: Path, content: str) -> None:
    """Make a key file, 0600, whole or not at all: of two processes, one's key becomes both's.

    Raises ConfigurationError where it cannot be made.
    """
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            _publish(Path(draft), path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise _not_made(path, error) from None


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except PermissionError:
        # Some file systems know no hard links; there, the exclusive creation decides.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(draft.read_bytes())


def _not_made(path: Path, error: OSError) -> ConfigurationError:
    return refusal(path, f"cannot be made to hold a key: {error.strerror}")
