"""A file of JSON Lines, for a collector or a mount that the service can only append to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from imis_sso.connectors.base import SinkUnavailable


class FileSink:
    """Appends to a file, 0600, flushed to the disk (see the protocol `Sink`)."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self._path = name, path

    async def send(self, batch: Sequence[str]) -> None:
        """Append a batch; raises SinkUnavailable."""
        await asyncio.to_thread(self._append, "".join(f"{each}\n" for each in batch).encode())

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _append(self, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags, 0o600)
            with os.fdopen(descriptor, "ab") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise SinkUnavailable(error.strerror or "it cannot be written") from None
