"""Errors in what the operator configured, each in one clear line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ConfigurationFault:
    """One thing that is wrong: where it stands, and a sentence about it.

    `file` and `line` are None where there are none, for example for an environment variable,
    whose name is then the `key`.
    """

    file: Path | None
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = ":".join(str(each) for each in (self.file, self.line) if each is not None)
        text = ": ".join(part for part in (place, self.key, self.message) if part)
        return text.replace("\n", " ")


class ConfigurationError(Exception):
    """The configuration cannot be used. `faults` lists everything that is wrong with it."""

    def __init__(self, faults: Iterable[ConfigurationFault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(map(str, self.faults)))
