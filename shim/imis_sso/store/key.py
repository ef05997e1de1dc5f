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
    """The settings that say where the keys are."""

    @property
    def data_dir(self) -> Path:
        """The data directory, where the key is made if no file is named."""

    @property
    def fingerprint_key_file(self) -> Path | None:
        """The file with the key, which must exist; None for the one in the data directory."""

    @property
    def fingerprint_key_previous(self) -> tuple[Path, ...]:
        """Files with keys before it, or folders of such files; all must exist."""


def key_file(settings: KeyPlaces) -> Path:
    """Say where the server key is, or will be made on the first start."""
    return settings.fingerprint_key_file or settings.data_dir / KEY_FILE


def load_key(settings: KeyPlaces) -> FingerprintKey:
    """Give the server key, made on the first start unless a file is named, and those before it.

    Raises ConfigurationError, in one line, where a file is missing, too short, or open to others.
    """
    path = key_file(settings)
    if settings.fingerprint_key_file is None:
        private_directory(settings.data_dir)
        if not path.exists():
            make_private(path, f"{secrets.token_hex(32)}\n")
    previous = [file for place in settings.fingerprint_key_previous for file in _files(place)]
    return FingerprintKey(read_private(path), map(read_private, previous))


def new_key(path: Path) -> None:
    """Make a file with a new key, 0600. Raises ConfigurationError where there is one, or cannot."""
    if path.exists() or path.is_symlink():
        raise refusal(path, "is there already; a key is never written over")
    make_private(path, f"{secrets.token_hex(32)}\n")


def _files(place: Path) -> list[Path]:
    """Give a file, or the files of a folder but for hidden ones, which orchestrators put there."""
    try:
        if not place.is_dir():
            return [place]
        return sorted(each for each in place.iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise refusal(place, f"cannot be read for server keys: {error.strerror}") from None


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
