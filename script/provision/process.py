"""Other programs, each run with a time-out and ended with everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Word: TypeAlias = "str | Path"

# Settings that would redirect what is installed for this project to somewhere else, or that
# bootstrap makes itself and has to be able to find anew.
_NOT_INHERITED = frozenset(
    {
        "GOFLAGS",
        "GOROOT",
        "PLAYWRIGHT_NODEJS_PATH",
        "PIP_PREFIX",
        "PIP_REQUIRE_HASHES",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_TARGET",
        "PIP_USER",
        "PYTHONHOME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
    }
)
_TAIL_LINES = 12


class CommandError(Exception):
    """A program that could not be started, failed, or ran out of time."""


@dataclass(frozen=True)
class Command:
    """One program call: its words, its time-out in seconds, and where and with what it runs."""

    words: Sequence[Word]
    limit: float
    cwd: Path | None = None
    env: Mapping[str, str] | None = None


def run(command: Command) -> str:
    """Run a program to its end and give its standard output.

    Raises CommandError, with the last lines of what it wrote, when it cannot be started,
    exits with another status than 0, or is still running at its time-out; it is then ended
    together with its children.
    """
    words = [str(word) for word in command.words]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = _start(words, command, out, err)
        code = _wait(child, command.limit)
        output, errors = _text(out), _text(err)
    name = os.path.basename(words[0])  # noqa: PTH119 - a word of a command line, not a path
    if code is None:
        raise CommandError(f"{name} was ended: no result after {command.limit:g} s")
    if code != 0:
        raise CommandError(f"{name} exited with status {code}{_tail(output + errors)}")
    return output


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the caller's environment without what would install to somewhere else."""
    return {name: value for name, value in environ.items() if name not in _NOT_INHERITED}


def reason(error: CommandError) -> str:
    """Give the one line of an error that tells most: the first that speaks of an error."""
    first, *lines = [line.strip(" |") for line in str(error).splitlines()]
    return next((line for line in lines if "error" in line.lower()), first)


def _start(
    words: list[str], command: Command, out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    env = {**inherited(os.environ), **(command.env or {})}
    try:
        return subprocess.Popen(
            words,
            cwd=command.cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(f"{words[0]} cannot be started: {reason}") from error


def _wait(child: subprocess.Popen[bytes], limit: float) -> int | None:
    try:
        return child.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        # Also reached by an interrupt: a half-done build must not go on by itself.
        if child.poll() is None:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(2)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")


def _tail(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "".join(f"\n    | {line}" for line in lines[-_TAIL_LINES:])
