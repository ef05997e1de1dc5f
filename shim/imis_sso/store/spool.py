"""The spool: signed lines in a file, while the audit trail cannot be written (contract 1.2)."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

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
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(self._file(entry.environment), flags, 0o600)
            with os.fdopen(descriptor, "ab") as stream:
                stream.write(json.dumps(line, sort_keys=True).encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            msg = f"the spool cannot be written: {error.strerror}"
            raise StoreUnavailable(msg) from None

    def pending(self, environment: str) -> Sequence[Spooled]:
        """Give what was spooled; see `base.Spool.pending`."""
        try:
            text = self._file(environment).read_text("utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("the spool of %s cannot be read: %s", environment, type(error).__name__)
            return []
        lines = enumerate(text.splitlines(), start=1)
        found = [self._read(line, number, environment) for number, line in lines]
        return [each for each in found if each is not None]

    def clear(self, environment: str, until: int) -> None:
        """Drop what was merged; see `base.Spool.clear`."""
        file = self._file(environment)
        try:
            lines = file.read_bytes().splitlines(keepends=True)
            if len(lines) <= until:
                file.unlink()
                return
            descriptor, draft = tempfile.mkstemp(prefix=f".{file.name}.", dir=self._folder)
            with os.fdopen(descriptor, "wb") as stream:
                stream.writelines(lines[until:])
                os.fsync(stream.fileno())
            Path(draft).replace(file)
        except OSError as error:
            msg = f"the spool cannot be cleared: {error.strerror}"
            raise StoreUnavailable(msg) from None

    def _file(self, environment: str) -> Path:
        return self._folder / f"{environment}.jsonl"

    def _read(self, line: str, number: int, environment: str) -> Spooled | None:
        try:
            stored = json.loads(line)
            entry = entry_of(stored["entry"])
            spooled = Spooled(entry, stored["at"], stored["key"], stored["signature"], number)
        except (ValueError, KeyError, TypeError):
            spooled = None
        if spooled is None or entry.environment != environment:
            logger.error("the spool of %s has a line that is none", environment)
            return None
        if not self._signer.signed(spooled.statement(), spooled.signature):
            logger.error("the spool of %s has a line with a wrong signature", environment)
            return None
        return spooled
