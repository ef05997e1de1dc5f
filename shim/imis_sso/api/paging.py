"""Cursor paging of lists that grow (contract section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.datastructures import QueryParams

from imis_sso.domain.violations import invalid

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 500
_MOST_DIGITS: Final = 15


def limit_of(params: QueryParams) -> int:
    """Read `limit`: 1 to 500, 100 without it. Raises InvalidSettings."""
    text = params.get("limit", str(DEFAULT_LIMIT))
    if text.isdecimal() and len(text) <= _MOST_DIGITS and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise invalid("limit", f"must be a whole number from 1 to {MAX_LIMIT}")


def cursor_of(params: QueryParams) -> int | None:
    """Read `cursor`: what the answer before called `next`, None for the first page.

    Raises InvalidSettings.
    """
    text = params.get("cursor", "")
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS:
        return int(text)
    raise invalid("cursor", "must be what the page before called next")


def page(items: Sequence[dict[str, Any]], limit: int, key: str) -> dict[str, Any]:
    """Give a page of a list that was read with one entry more than `limit`.

    `next` is the number (by `key`) of the last entry shown, as text, and empty on the last page.
    """
    shown = items[:limit]
    more = len(items) > limit
    return {"items": list(shown), "next": str(shown[-1][key]) if more else ""}
