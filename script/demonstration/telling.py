"""How the demonstration is told: steps, what was seen, a summary. Colour only on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from script.demonstration.stage import NotAsPromisedError

if TYPE_CHECKING:
    from script.demonstration.stage import Stage

PIPE_WIDTH = 150


@dataclass(frozen=True)
class Step:
    """One step: what it promises, and the act that shows it, giving what was seen."""

    promise: str
    act: Callable[[Stage, Teller], str]


class Teller:
    """Plays steps and remembers how each went."""

    def __init__(self, steps: int) -> None:
        plain = Console()
        self._console = plain if plain.is_terminal else Console(width=PIPE_WIDTH)
        self._steps = steps
        self._results: list[tuple[Step, bool, str, float]] = []

    def play(self, step: Step, stage: Stage) -> bool:
        """Play one step; gives whether it was as promised."""
        number = len(self._results) + 1
        self._console.print(Text(f"\n[{number}/{self._steps}] {step.promise}", style="bold"))
        begun = time.monotonic()
        try:
            seen, as_promised = step.act(stage, self), True
        except NotAsPromisedError as error:
            seen, as_promised = str(error), False
        took = time.monotonic() - begun
        mark = Text("  as promised: " if as_promised else "  NOT AS PROMISED: ")
        mark.stylize("green" if as_promised else "bold red")
        self._console.print(mark.append(f"{seen} ({took:.1f} s)", style="default"))
        self._results.append((step, as_promised, seen, took))
        return as_promised

    def say(self, line: str) -> None:
        """Print one line."""
        self._console.print(Text(line))

    def differences(self, rows: list[tuple[str, str, str]]) -> None:
        """Show what a plan would change, field by field."""
        table = Table(box=box.SIMPLE, pad_edge=False)
        for column in ("    Field", "Product holds", "Plan"):
            table.add_column(column, overflow="fold")
        for field, before, after in rows:
            table.add_row(Text(f"    {field}"), Text(before), Text(after))
        self._console.print(table)

    def quote(self, text: str) -> None:
        """Show a few lines of what a program said."""
        for line in text.strip().splitlines():
            self._console.print(Text(f"    | {line.strip()}", style="dim"))

    def summary(self) -> None:
        """Show every step with its outcome and time."""
        table = Table(title="\nSummary", title_justify="left", box=box.SIMPLE, pad_edge=False)
        for column in ("Step", "Promise", "Seen", "Outcome", "Seconds"):
            table.add_column(column, overflow="fold")
        for number, (step, good, seen, took) in enumerate(self._results, 1):
            outcome = Text("as promised", "green") if good else Text("NOT AS PROMISED", "bold red")
            first = seen.splitlines()[0] if seen else ""
            table.add_row(str(number), Text(step.promise), Text(first), outcome, f"{took:.1f}")
        self._console.print(table)
        missing = self._steps - len(self._results)
        if missing:
            self.say(f"{missing} more steps were not played.")

    def kept(self, stage: Stage) -> None:
        """Say how to reach the service that goes on."""
        self.say(f"The service goes on at {stage.ready['base_url']} with the token")
        self.say(f"  {stage.ready['token']}")
        self.say(
            f"Its products: {stage.log.with_name('ready.json')}; stop it with: kill {stage.pid}"
        )
