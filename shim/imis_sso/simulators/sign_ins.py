"""How sign-ins ended at one simulated product, so that a test can ask why."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass

# Enough for a test; a simulator that runs for days must not grow.
_KEPT = 400


@dataclass(frozen=True)
class SignIn:
    """One sign-in that ended here: `reason` is a short name, empty where it succeeded."""

    signed_in: bool
    reason: str = ""
    detail: str = ""
    name: str = ""
    staff: bool = False


class SignIns:
    """The newest 400 sign-ins that ended at a product, in order."""

    def __init__(self) -> None:
        self._all: deque[SignIn] = deque(maxlen=_KEPT)

    def note(self, sign_in: SignIn) -> None:
        """Keep how a sign-in ended."""
        self._all.append(sign_in)

    def all(self) -> list[SignIn]:
        """Give them, the oldest first."""
        return list(self._all)

    def as_list(self) -> list[dict[str, object]]:
        """Give them ready for JSON."""
        return [asdict(each) for each in self.all()]

    def clear(self) -> None:
        """Forget them all."""
        self._all.clear()
