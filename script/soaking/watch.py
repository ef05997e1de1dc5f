"""Memory and descriptors of one process, seen from outside (Linux)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One look: seconds since the start, memory in kibibytes, open descriptors."""

    at: float
    memory: int
    descriptors: int


@dataclass
class Watch:
    """Looks at a process again and again."""

    pid: int
    samples: list[Sample] = field(default_factory=list)

    async def run(self, every: float) -> None:
        """Look until it is cancelled."""
        begun = time.monotonic()
        while True:
            self.samples.append(self._look(time.monotonic() - begun))
            await asyncio.sleep(every)

    def after(self, warm_up: float) -> tuple[list[Sample], list[Sample]]:
        """Give the first and the last fifth of what was seen after the warm-up."""
        warm = [each for each in self.samples if each.at >= warm_up] or self.samples[-1:]
        fifth = max(1, len(warm) // 5)
        return warm[:fifth], warm[-fifth:]

    def _look(self, at: float) -> Sample:
        place = Path("/proc") / str(self.pid)
        status = (place / "status").read_text("utf-8")
        memory = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return Sample(at, int(memory.split()[1]), len(list((place / "fd").iterdir())))


def growth(first: list[Sample], last: list[Sample]) -> float:
    """Give by how much memory grew, as a share."""
    before, after = (median(each.memory for each in part) for part in (first, last))
    return float(after / before - 1.0)


def more_descriptors(first: list[Sample], last: list[Sample]) -> float:
    """Give by how many descriptors there are more at the end."""
    before, after = (median(each.descriptors for each in part) for part in (first, last))
    return float(after - before)
