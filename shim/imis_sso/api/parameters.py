"""Parameters and headers as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any, Final

from imis_sso.domain.audit import Kind, Result
from imis_sso.domain.resources import Destroy

_BOOLEAN: Final = {"type": "string", "enum": ["true", "false"]}
_PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "fields": ("Top-level names to answer, separated by commas (C14).", {"type": "string"}),
    "include": ("Adds `meta` to the answer (C8).", {"type": "string", "enum": ["meta"]}),
    "dry_run": ("Meets every gate and writes nothing (C15).", _BOOLEAN),
    "force": ("Overrides gates, never trust pins; scope `admin` (1.2).", _BOOLEAN),
    "on_destroy": (
        "What DELETE does (C5).",
        {"type": "string", "enum": [each.value for each in Destroy]},
    ),
    "cursor": ("What the page before called `next`.", {"type": "string"}),
    "limit": ("Entries on a page.", {"type": "integer", "minimum": 1, "maximum": 500}),
    "order": (
        "The newest lines first, or the oldest.",
        {"type": "string", "enum": ["newest", "oldest"]},
    ),
    "resource": ("Only lines about this document.", {"type": "string"}),
    "who": ("Only lines of this caller.", {"type": "string"}),
    "kind": ("Only lines of this kind.", {"type": "string", "enum": [each.value for each in Kind]}),
    "result": (
        "Only outcomes with this result.",
        {"type": "string", "enum": [each.value for each in Result]},
    ),
    "write": ("Only the lines of this write.", {"type": "string"}),
    "state": (
        "Only steps in this state.",
        {"type": "string", "enum": ["pending", "confirmed", "superseded"]},
    ),
    "since": ("Only lines from this time on.", {"type": "string", "format": "date-time"}),
    "until": ("Only lines before this time.", {"type": "string", "format": "date-time"}),
    "probe": (
        "How the pair is verified (section 6); `active` probes the provider and needs `apply`.",
        {"type": "string", "enum": ["passive", "active"]},
    ),
}
_HEADERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "If-Match": ("Entity tags, one of which must be the document's (C34).", {"type": "string"}),
    "If-None-Match": ("Entity tags that the caller has already (C34).", {"type": "string"}),
    "X-Change-Reason": ("Why the change is made, in the caller's word.", {"type": "string"}),
}
_ANSWERED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "ETag": ("Strong, over the whole document (C34).", {"type": "string", "pattern": '^".+"$'}),
    "Upstream-Writes": (
        "How many writes reached the product (C2).",
        {"type": "integer", "minimum": 0},
    ),
    "Retry-After": ("Seconds after which a retry can help (C31).", {"type": "integer"}),
    "WWW-Authenticate": ("How to authenticate (C41).", {"type": "string"}),
}
IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body again get the answer of the first time (C35).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


def parameter(name: str) -> dict[str, Any]:
    """Give a query parameter."""
    text, schema = _PARAMETERS[name]
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def conditions(method: str) -> list[dict[str, Any]]:
    """Give the headers that a method takes (contract C34)."""
    names = ("If-None-Match",) if method == "GET" else ("If-Match", "X-Change-Reason")
    return [header_parameter(name) for name in names]


def header_parameter(name: str) -> dict[str, Any]:
    """Give a header that a request may have."""
    text, schema = _HEADERS[name]
    return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}


def answered(*names: str) -> dict[str, Any]:
    """Give headers that an answer has."""
    chosen = ((name, *_ANSWERED[name]) for name in names)
    return {name: {"description": text, "schema": schema} for name, text, schema in chosen}
