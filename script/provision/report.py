"""What bootstrap tells: each step, how long it took, and what is missing."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provision.outcome import Found, MissingError


@dataclass
class Report:
    """Progress written to ``stream`` as it happens, kept for the summary at the end."""

    stream: TextIO
    found: dict[str, Found] = field(default_factory=dict)
    missing: dict[str, MissingError] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def line(self, text: str) -> None:
        """Write one line at once, also where the output is a file or a pipe."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def say(self, text: str) -> None:
        """Write what a step is doing."""
        self.line("\n".join(f"      {part}" for part in text.splitlines()))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure a step."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - start

    def good(self, name: str, found: Found) -> None:
        """Keep and tell what a step found."""
        self.found[name] = found
        self.say(f"ok: {found.version}, {found.origin} ({self.seconds[name]:.1f} s)")
        for note in found.notes:
            self.say(f"note: {note}")
        for warning in found.warnings:
            self.say(f"warning: {warning}")

    def bad(self, name: str, missing: MissingError) -> None:
        """Keep and tell what a step could not have."""
        self.missing[name] = missing
        self.say(f"MISSING ({self.seconds.get(name, 0.0):.1f} s): {missing.what}")

    def close(self) -> int:
        """Tell what is missing and the way to get it; gives the exit status."""
        total = sum(self.seconds.values())
        if not self.missing:
            self.line(f"bootstrap: all there after {total:.1f} s")
            return 0
        self.line(f"bootstrap: {len(self.missing)} missing after {total:.1f} s")
        for name, missing in self.missing.items():
            self.line(f"  {name}: {missing.what.splitlines()[0]}")
            self.line(f"    to get it: {missing.remedy}")
        return 1

    def as_json(self) -> str:
        """Give the same as JSON, for programs."""
        steps = {
            name: {**asdict(found), "seconds": round(self.seconds[name], 3)}
            for name, found in self.found.items()
        }
        missing = {
            name: {"what": error.what, "remedy": error.remedy}
            for name, error in self.missing.items()
        }
        return json.dumps({"found": steps, "missing": missing}, indent=2)
