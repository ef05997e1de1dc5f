"""The service under load, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 60
STOP_SECONDS = 60


@contextmanager
def started(place: Path, logs: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Run `imis-sso serve --simulate` while the block runs; gives it and its ready file.

    Its log goes to `service.log` in `logs`.
    """
    logs.mkdir(parents=True, exist_ok=True)
    ready_file = place / "ready.json"
    command = [sys.executable, "-m", "imis_sso", "serve", "--simulate", "--port", "0"]
    with (logs / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready_file)], stdout=log, stderr=log
        )
        try:
            yield process, _await(process, ready_file)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _await(process: subprocess.Popen[bytes], ready_file: Path) -> dict[str, Any]:
    end = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > end:
            msg = "the service did not start"
            raise SystemExit(msg)
        time.sleep(0.05)
    ready: dict[str, Any] = json.loads(ready_file.read_text("utf-8"))
    return ready
