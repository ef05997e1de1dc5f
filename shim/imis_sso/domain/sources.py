"""Where the operator keeps a secret (contract C21). A caller of the API never names a source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class SecretSource:
    """A place that a secret is read from, each time it is needed.

    `name` is what people call the secret, for messages; `location` is the environment variable's
    name (`env`) or the absolute path of the file (`file`).
    """

    name: str
    scheme: Literal["env", "file"]
    location: str

    @property
    def place(self) -> str:
        """Say where the secret is looked for, for the operator: never shown to a caller."""
        kind = "environment variable" if self.scheme == "env" else "file"
        return f"{kind} {self.location}"

    @property
    def path(self) -> Path:
        """The file of a `file` source."""
        return Path(self.location)
