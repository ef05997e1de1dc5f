"""One small thing that the service remembers about an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

FactKind = Literal["directory", "login", "manual-step", "page", "reach", "rehearsal", "served-by"]
"""What facts are about; each kind is one part's own, and says there what its content is."""


@dataclass(frozen=True)
class Fact:
    """What is known under one key: JSON without secrets, from whom, and since when.

    `who` is empty where the service itself found it out; `at` is filled in by the store.
    """

    environment: str
    kind: FactKind
    key: str
    content: Mapping[str, Any]
    who: str = ""
    at: datetime | None = None
