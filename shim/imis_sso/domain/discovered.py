"""What fetching a discovery document showed, step by step. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class Step(enum.Enum):
    """The steps to a discovery document, in their order."""

    NAME = "name"
    CONNECTION = "connection"
    CERTIFICATE = "certificate"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Discovered:
    """How far the fetch of `address` came.

    `failed` is the step that failed and `why` says how; `expires` is when the certificate ends,
    `issuer` what the document names, both None where it did not come so far.
    """

    address: str
    failed: Step | None = None
    why: str = ""
    expires: datetime | None = None
    issuer: str | None = None

    def reached(self, step: Step) -> bool:
        """Tell whether a step was gone."""
        order = list(Step)
        return self.failed is None or order.index(step) < order.index(self.failed)
