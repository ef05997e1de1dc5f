"""Collecting every violation of a request, so that all are answered at once (contract C2, C30)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

from imis_sso.domain.problems import FieldError, InvalidSettings, Problem, UntrustedHost

MAX_SAID: Final = 20


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the known name that is most like `name` (contract C11).

    Raises ValueError if nothing is known.
    """
    return max(
        sorted(known),
        key=lambda each: difflib.SequenceMatcher(None, name.lower(), each.lower()).ratio(),
    )


class Violations:
    """A list of violations, each with the problem type it would be alone."""

    def __init__(self) -> None:
        self._found: list[tuple[type[Problem], FieldError]] = []

    def add(
        self, problem: type[Problem], field: str, detail: str, canonical: str | None = None
    ) -> None:
        """Add one violation."""
        self._found.append((problem, FieldError(field, detail, canonical)))

    def fields(self) -> frozenset[str]:
        """Give the fields that have a violation."""
        return frozenset(error.field for _, error in self._found)

    def raise_if_any(self) -> None:
        """Raise one problem that lists all violations.

        Its type is that of the violations if they are of one kind, `untrusted-host` if that is
        among them, else `invalid-settings`.
        """
        if not self._found:
            return
        kinds = {kind for kind, _ in self._found}
        if UntrustedHost in kinds:
            chosen: type[Problem] = UntrustedHost
        else:
            chosen = kinds.pop() if len(kinds) == 1 else InvalidSettings
        errors = [error for _, error in self._found]
        raise chosen(sentence(errors), errors)


def sentence(errors: Sequence[FieldError]) -> str:
    """Put violations into one readable text, because providers print `detail` raw (C30).

    Only the first `MAX_SAID` are said; the list `errors` beside it has them all.
    """
    parts = [f"{each.field} {each.detail}" for each in errors[:MAX_SAID]]
    if len(errors) > MAX_SAID:
        parts.append(f"and {len(errors) - MAX_SAID} more")
    return "; ".join(parts) + "."


def invalid(field: str, detail: str) -> InvalidSettings:
    """Give the problem for one field or parameter; `detail` goes on from its name."""
    errors = [FieldError(field, detail)]
    return InvalidSettings(sentence(errors), errors)
