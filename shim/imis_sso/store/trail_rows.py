"""What the audit trail's tables hold, row by row: lines, checkpoints, open intents.

Whoever owns the database may have changed them: reading a row never fails, it marks what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, String, Table, type_coerce

from imis_sso.domain.audit import Checkpoint, Entry, Line, Selection
from imis_sso.domain.intents import Intent
from imis_sso.store.tables import AUDIT_LINES, CHECKPOINTS


def _as_text(table: Table) -> tuple[ColumnElement[Any], ...]:
    """Give a table's columns, a time as the text it is: somebody may have changed it."""
    at = type_coerce(table.c.at, String).label("at")
    return (*(each for each in table.c if each.name != "at"), at)


LINE: Final = _as_text(AUDIT_LINES)
CHECKPOINT: Final = _as_text(CHECKPOINTS)
_FILED: Final = ("environment", "seq", "at", "kind", "resource", "who", "write")


def conditions(selection: Selection) -> Iterator[ColumnElement[bool]]:
    """Give the conditions that a selection puts on lines."""
    columns = AUDIT_LINES.c
    for name in ("resource", "who", "kind", "write"):
        if wanted := getattr(selection, name):
            yield columns[name] == wanted
    if selection.result:
        # Canonical JSON writes it in just one way (contract C13), and quotes in texts are escaped.
        yield columns.body.contains(f'"result":{json.dumps(selection.result)}', autoescape=True)
    if selection.since is not None:
        yield columns.at >= selection.since
    if selection.until is not None:
        yield columns.at < selection.until
    if selection.beyond is not None:
        beyond = selection.beyond
        yield columns.seq < beyond if selection.newest_first else columns.seq > beyond


def line_of(row: Row[Any]) -> Line:
    """Give a stored line; one that is not where it says it is comes marked."""
    seq = row.seq if isinstance(row.seq, int) else 0  # SQLite keeps what it is given
    line = Line(row.environment, seq, row.body, row.hash)
    said = line.as_dict()
    return replace(line, misfiled=any(said.get(key) != getattr(row, key) for key in _FILED))


def row_of(entry: Entry, line: Line, at: datetime) -> dict[str, Any]:
    """Give the columns of a line."""
    return {
        "environment": entry.environment,
        "seq": line.seq,
        "at": at,
        "kind": entry.kind.value,
        "resource": entry.resource,
        "who": entry.who,
        "write": entry.write,
        "body": line.body,
        "hash": line.hash,
    }


def columns_of(intent: Intent) -> dict[str, Any]:
    """Give the columns of an open intent."""
    return {
        "id": intent.id,
        "environment": intent.environment,
        "product": intent.product,
        "resource": intent.resource,
        "at": intent.at,
        "body": json.dumps(intent.as_dict()),
    }


def intent_of(row: Row[Any]) -> Intent:
    """Give a stored intent."""
    columns = (row.id, row.environment, row.product, row.resource, row.at)
    return Intent.of(columns, json.loads(row.body), row.found)


def checkpoint_of(row: Row[Any]) -> Checkpoint:
    """Give a stored checkpoint."""
    return Checkpoint(row.environment, row.seq, row.hash, row.at, row.key, row.signature)
