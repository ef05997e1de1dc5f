"""Programs are run with a time-out, and nothing they start outlives it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision import process
from provision.process import Command, CommandError

if TYPE_CHECKING:
    from workbench import Workbench


def test_gives_standard_output_only(bench: Workbench) -> None:
    """Warnings on the error stream are not part of the result."""
    program = bench.program("p", "echo result; echo warning >&2")
    assert process.run(Command([program], 10)) == "result\n"


def test_failure_tells_status_and_last_lines(bench: Workbench) -> None:
    """The last lines are shown, because that is where programs say why."""
    program = bench.program("p", "seq 1 50; echo the reason >&2; exit 3")
    with pytest.raises(CommandError, match="p exited with status 3") as caught:
        process.run(Command([program], 10))
    assert "the reason" in str(caught.value)
    assert "\n    | 1\n" not in str(caught.value)


def test_time_out_ends_the_program_and_its_children(bench: Workbench, tmp_path: Path) -> None:
    """A build that hangs leaves no compiler behind."""
    note = tmp_path / "child"
    program = bench.program("p", f"sleep 300 & echo $! > {note}; wait")
    start = time.monotonic()
    with pytest.raises(CommandError, match="no result after 2 s"):
        process.run(Command([program], 2))
    assert time.monotonic() - start < 30
    assert _ended(int(note.read_text()))


def test_time_out_ends_a_program_that_does_not_listen(bench: Workbench) -> None:
    """A program that ignores the polite signal is ended all the same."""
    program = bench.program("p", "trap '' TERM; while :; do sleep 0.1; done")
    with pytest.raises(CommandError, match="was ended"):
        process.run(Command([program], 0.3))


def test_absent_program_is_one_clear_error(tmp_path: Path) -> None:
    """No traceback of the operating system's."""
    with pytest.raises(CommandError, match="cannot be started: No such file"):
        process.run(Command([tmp_path / "absent"], 10))


def test_no_standard_input(bench: Workbench) -> None:
    """A program that asks a question gets no answer instead of waiting for one."""
    program = bench.program("p", "read answer; echo asked:$answer")
    assert process.run(Command([program], 10)) == "asked:\n"


def test_settings_that_would_install_elsewhere_are_not_inherited(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pip's and Go's settings that redirect are dropped; an index or proxy stays."""
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org")
    program = bench.program("p", "echo [$PIP_TARGET][$GOFLAGS][$HTTPS_PROXY]")
    assert process.run(Command([program], 10)) == "[][][http://proxy.example.org]\n"


def test_own_settings_win(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset TF_CLI_CONFIG_FILE does not get in the way of the generated one."""
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/nowhere")
    program = bench.program("p", "echo $TF_CLI_CONFIG_FILE")
    assert process.run(Command([program], 10, env={"TF_CLI_CONFIG_FILE": "/ours"})) == "/ours\n"


def _ended(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        # Ended but not yet collected by the system's first process.
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_reason_is_the_line_that_speaks_of_an_error(bench: Workbench) -> None:
    program = bench.program("p", "echo fetching; echo Error: no route; echo '}'; exit 1")
    with pytest.raises(CommandError) as caught:
        process.run(Command([program], 10))
    assert process.reason(caught.value) == "Error: no route"


def test_reason_without_such_a_line_is_the_status(bench: Workbench) -> None:
    program = bench.program("p", "echo fetching; exit 4")
    with pytest.raises(CommandError) as caught:
        process.run(Command([program], 10))
    assert process.reason(caught.value) == "p exited with status 4"
