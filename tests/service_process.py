"""The service and the simulators as processes of their own, started and stopped as people do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import leak_scan

COMMAND = (sys.executable, "-m", "imis_sso")
_START_SECONDS = 90
_STOP_SECONDS = 60


@dataclass
class Running:
    """A running command: its process, its ready file, what it has printed."""

    process: subprocess.Popen[bytes]
    ready_file: Path
    log: Path

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready file holds."""
        content: dict[str, Any] = json.loads(self.ready_file.read_text("utf-8"))
        return content

    @property
    def printed(self) -> str:
        """Standard output and standard error so far."""
        return self.log.read_text("utf-8")

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        """Send one request, by default with the token of the ready file."""
        headers = {"Authorization": f"Bearer {token or self.ready['token']}"}
        return self.send(method, path, headers=headers, **more)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request with just these headers."""
        return httpx.request(method, f"{self.ready['base_url']}{path}", timeout=60, **more)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop, and give its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_STOP_SECONDS)


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    surroundings: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
) -> Iterator[Running]:
    """Run `imis-sso` with these arguments until the block ends; it is ready when the block starts.

    `within` is the command that starts it, for example one that takes rights away first.
    """
    ready_file, log = folder / "ready.json", folder / "printed.log"
    before = _identity(ready_file)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*within, *COMMAND, *arguments, "--ready-file", str(ready_file)],
            stdout=output,
            stderr=output,
            env=os.environ | dict(surroundings or {}),
        )
        started = Running(process, ready_file, log)
        try:
            _await(started, before)
            yield started
            assert leaks_of_simulation(started.ready) == []
        finally:
            if process.poll() is None:
                started.stop()


def leaks_of_simulation(ready: Mapping[str, Any]) -> list[str]:
    """Search what `--simulate` keeps, its database too, before it removes it (targets S1)."""
    parents = Path(ready["ca_file"] or "none").parents
    kept = [each for each in parents if each.name.startswith("imis-sso-")]
    return leak_scan.leaks(kept[0]) if kept else []


def _identity(file: Path) -> int:
    return file.stat().st_ino if file.exists() else 0


def _await(started: Running, before: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while _identity(started.ready_file) == before:
        alive = started.process.poll() is None and time.monotonic() < deadline
        assert alive, started.printed
        time.sleep(0.02)
