"""A running service that can no longer make its files longer, as on a full disk (target R10).

The limit is the system's own (RLIMIT_FSIZE), set from outside on the living process: no page of the
database's log fits any more, a line of the spool does.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import Registry, command
from service_process import Running, running

from imis_sso.simulators import ImisModel

LESS_THAN_A_PAGE = 4096
ROOT = "/v1/environments/test"
MODE = f"{ROOT}/imis/oidc-authentication"


@contextmanager
def full(service: Running) -> Iterator[None]:
    """Let no file of the service grow beyond the limit while the block runs."""
    number, (soft, hard) = service.process.pid, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(number, resource.RLIMIT_FSIZE, (LESS_THAN_A_PAGE, hard))
    try:
        yield
    finally:
        resource.prlimit(number, resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_stops_writes_but_not_lowering(
    registry: Registry, tmp_path: Path, imis: ImisModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract section 7 and 1.2: 503 and nothing written, reads go on, the spool is merged."""
    file = str(registry())
    made = command("token", "create", "ci", "--scope", "apply", "--config", file)
    monkeypatch.setenv("IMIS_SSO_TOKEN", made.out.strip())
    with running(tmp_path, "serve", "--config", file, "--port", "0") as service:
        monkeypatch.setenv("IMIS_SSO_URL", service.ready["base_url"])
        _write(service, "test_mode")
        with full(service):
            _nothing_is_written(service, imis)
            _is_lowered(service, imis, tmp_path)
        _is_merged(service, tmp_path)
        _write(service, "test_mode")
        told = command("audit", "verify", "test")
        assert (told.code, told.words.startswith("6 lines, 1 checkpoints")) == (0, True), told


def _write(service: Running, wanted: str) -> None:
    answer = service.call("PUT", MODE, _token(), json={"mode": wanted})
    assert (answer.status_code, answer.json()) == (200, {"mode": wanted}), answer.text
    assert answer.headers["upstream-writes"] == "1"


def _nothing_is_written(service: Running, imis: ImisModel) -> None:
    imis.change(Mode=0)
    before = imis.counters.writes
    answer = service.call("PUT", MODE, _token(), json={"mode": "test_mode"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/audit-unavailable")
    assert answer.headers["upstream-writes"] == "0"
    assert (imis.counters.writes, imis.record["Mode"]) == (before, 0)
    answer = service.call("GET", MODE, _token())
    assert (answer.status_code, answer.json()) == (200, {"mode": "disabled"})
    assert service.call("GET", f"{ROOT}/changes", _token()).status_code == 200


def _is_lowered(service: Running, imis: ImisModel, place: Path) -> None:
    imis.change(Mode=2)
    _write(service, "disabled")
    assert imis.record["Mode"] == 0
    lines = (place / "data" / "spool" / "test.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 2


def _is_merged(service: Running, place: Path) -> None:
    """The next request does it, without a restart."""
    deadline = time.monotonic() + 30
    found: list[str] = []
    while "spooled" not in found:
        assert time.monotonic() < deadline, service.printed
        lines = service.call("GET", f"{ROOT}/changes?order=oldest", _token()).json()["items"]
        found = [each["kind"] for each in lines]
    assert found == ["intent", "outcome", "spooled", "spooled"]
    said = [each["facts"]["entry"]["kind"] for each in lines[2:]]
    assert said == ["intent", "outcome"]
    assert not (place / "data" / "spool" / "test.jsonl").exists()


def _token() -> str:
    import os

    return os.environ["IMIS_SSO_TOKEN"]
