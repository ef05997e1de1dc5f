"""Keys of items in addresses (contract C1)."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from imis_sso.domain.problems import NotFound, Problem
from imis_sso.domain.violations import invalid

FORM: Final = "must be 1 to 63 lower-case letters, digits and hyphens"


def no_such_key(request: Request) -> Problem:
    """Give the problem for a key that can be none: what is asked for is not there, else 422."""
    if request.method == "GET":
        msg = f"There is nothing under this key: it {FORM}."
        return NotFound(msg)
    return invalid("id", FORM)
