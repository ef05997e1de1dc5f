"""What a step ends with: the thing found, or the way to get it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Found:
    """A thing that is there: what it is, where it came from, and what to know about it.

    ``settings`` are what shells and tests need to use it, as environment variables.
    """

    version: str
    origin: str
    path: str = ""
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
    settings: Mapping[str, str] = field(default_factory=dict)


class MissingError(Exception):
    """A thing that could not be had, with the way to get it."""

    def __init__(self, what: str, remedy: str) -> None:
        """Take what is missing and one sentence that says how a person can get it."""
        super().__init__(what)
        self.what = what
        self.remedy = remedy
