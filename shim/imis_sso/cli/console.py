"""What the commands print: plain lines, tables, progress; colour only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

DIFFERENT: Final = 2  # as `terraform plan -detailed-exitcode` answers


class Failure(Exception):  # noqa: N818  # it is told to the user, not raised to a caller
    """An end of the command that the user must be told of, in one line each.

    Without lines it is only an exit code: the answer has been printed already.
    """

    def __init__(self, *lines: str, code: int = 1) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
        self.code = code


def say(line: str, *, error: bool = False) -> None:
    """Print one line, on standard error where `error` is set."""
    sys.stdout.flush()
    print(line, file=sys.stderr if error else sys.stdout, flush=True)


def say_json(value: Any) -> None:
    """Print a value as JSON for a machine."""
    say(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print rows below their columns, wrapped to the terminal's width."""
    from rich import box  # Rich takes a tenth of a second to import
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(_cell(Text, each) for each in row))
    width = None if sys.stdout.isatty() else 160
    console = Console(width=width)
    if title:
        console.print(Text(title, style="bold"))
    console.print(shown)


_STYLES = {"passed": "green", "failed": "bold red", "warning": "yellow", "skipped": "dim"}


def _cell(text_type: Any, value: str) -> Any:
    return text_type(value, style=_STYLES.get(value, ""))


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Show that something is going on, on a terminal's standard error only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
