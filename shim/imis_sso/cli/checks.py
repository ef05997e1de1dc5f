"""Checks on the terminal: the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from imis_sso.cli.console import table

ORDER: Final = ("failed", "warning", "skipped", "passed")


def worst_first(checks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sort entries of `checks` by status, otherwise as they come."""
    return sorted(checks, key=lambda each: ORDER.index(each["status"]))


def print_checks(checks: Iterable[Mapping[str, Any]]) -> None:
    """Print a table of checks."""
    rows = [
        (each["status"], each["id"], each["detail"], each["remedy"]) for each in worst_first(checks)
    ]
    table(("Status", "Check", "Found", "Remedy"), rows)
