"""The spool: signed lines in a file, while the audit trail cannot be written (contract 1.2)."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from imis_sso.domain.audit import Entry, moment
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.spooled import Spooled, entry_as_dict, entry_of, spool_statement
from imis_sso.store.signing import Signer
from imis_sso.store.tables import now

logger = logging.getLogger(__name__)


class FileSpool:
    """See `base.Spool`: one file of JSON lines for each environment, in a folder of its own."""

    def __init__(self, folder: Path, signer: Signer, clock: Callable[[], datetime] = now) -> None:
        self._folder, self._signer, self._clock = folder, signer, clock

    def add(self, entry: Entry) -> None:
        """Add an entry; see `base.Spool.add`."""
        at = moment(self._clock())
        signature = self._signer.sign(spool_statement(entry, at))
        line = {
            "entry": entry_as_dict(entry),
            "at": at,
            "key": self._signer.name,
            "signature": signature,
        }
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone():
                self._append(self._file(entry.environment), line)
        except OSError as error:
            msg = f"the spool cannot be written: {error.strerror}"
            raise StoreUnavailable(msg) from None

    def pending(self, environment: str) -> Sequence[Spooled]:
        """Give what was spooled; see `base.Spool.pending`."""
        try:
            content = self._file(environment).read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            logger.warning("the spool of %s cannot be read: %s", environment, error.strerror)
            return []
        lines = enumerate(content.splitlines(), start=1)
        found = [self._read(line, number, environment) for number, line in lines]
        return [each for each in found if each is not None]

    def holds_any(self, environment: str) -> bool:
        """Tell whether anything is there; see `base.Spool.holds_any`."""
        return self._file(environment).exists()

    def clear(self, environment: str, merged: Sequence[Spooled]) -> None:
        """Drop what was merged; see `base.Spool.clear`."""
        done = {each.signature for each in merged}
        file = self._file(environment)
        try:
            with self._alone():
                lines = file.read_bytes().splitlines(keepends=True)
                kept = [line for line in lines if self._waits(line, environment, done)]
                self._replace(file, kept)
        except FileNotFoundError:
            return
        except OSError as error:
            msg = f"the spool cannot be cleared: {error.strerror}"
            raise StoreUnavailable(msg) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from the folder: one may spool what another is about to merge."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @staticmethod
    def _append(file: Path, line: Mapping[str, Any]) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(file, flags, 0o600)
        with os.fdopen(descriptor, "ab") as stream:
            size = os.fstat(descriptor).st_size
            # A line that was cut short must not take this one with it.
            whole = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
            text = json.dumps(line, sort_keys=True).encode()
            stream.write((b"" if whole else b"\n") + text + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _waits(self, line: bytes, environment: str, done: Container[str]) -> bool:
        found = self._read(line, 0, environment)
        return found is not None and found.signature not in done

    def _replace(self, file: Path, lines: Sequence[bytes]) -> None:
        if not lines:
            file.unlink()
            return
        descriptor, draft = tempfile.mkstemp(prefix=f".{file.name}.", dir=self._folder)
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(lines)
            os.fsync(stream.fileno())
        Path(draft).replace(file)

    def _file(self, environment: str) -> Path:
        return self._folder / f"{environment}.jsonl"

    def _read(self, line: bytes, number: int, environment: str) -> Spooled | None:
        try:
            stored = json.loads(line)
            at, key, signature = (str(stored[name]) for name in ("at", "key", "signature"))
            spooled = Spooled(entry_of(stored["entry"]), at, key, signature, number)
            fits = self._signer.signed(spooled.statement(), spooled.signature)
        except (ValueError, KeyError, TypeError, RecursionError):
            logger.error("the spool of %s has a line that is none", environment)  # noqa: TRY400
            return None
        if not fits or spooled.entry.environment != environment:
            logger.error("the spool of %s has a line with a wrong signature", environment)
            return None
        return spooled
