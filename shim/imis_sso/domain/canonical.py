"""Canonical bytes and entity tags of documents (contract C13, C34)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from imis_sso.domain.documents.base import Document

_ESCAPED: Final = str.maketrans(
    {each: f"\\u{ord(each):04x}" for each in ("<", ">", "&", "\u2028", "\u2029")}
)


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Serialise as Terraform's own `jsonencode` does: sorted keys, no spaces, `<>&` escaped.

    Raises ValueError for numbers that JSON does not know (NaN, infinities).
    """
    plain = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return plain.translate(_ESCAPED).encode()


def canonical_bytes(document: Document) -> bytes:
    """Give the one byte sequence that PUT and GET answer for this document (contract C13)."""
    return canonical_json(document.model_dump())


def etag(document: Document) -> str:
    """Give the strong entity tag over the whole document, with its quotes (RFC 9110 8.8.3)."""
    return f'"{hashlib.sha256(canonical_bytes(document)).hexdigest()[:32]}"'
