"""Terraform's JSON syntax without a library: literal texts, references, import ids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def literal(value: Any) -> Any:
    """Escape every text in the value so that Terraform takes it for what it is, not for a template.

    The library replaces what looks like one of its own markers, in escaped text too; an empty
    template inside hides it from the library and vanishes in Terraform.
    """
    if isinstance(value, dict):
        return {key: literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [literal(inner) for inner in value]
    if not isinstance(value, str):
        return value
    escaped = value.replace("${", "$${").replace("%{", "%%{")
    return escaped.replace("TfToken[", 'TfToken${"["}')


def reference(expression: str) -> str:
    """Give a Terraform expression as a value; it must be the whole value (no text around it)."""
    return f"${{{expression}}}"


def import_id(path: str, body: Mapping[str, Any]) -> str:
    """Give the provider's import id: path, and the managed keys, whose values it then reads."""
    document = {"id": path, "path": path, "body": mask(body)}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def mask(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keys of a body, at every depth, without the values."""
    return {key: mask(value) if isinstance(value, dict) else None for key, value in body.items()}
