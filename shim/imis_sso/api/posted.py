"""The body of a POST: a JSON object with known keys (contract C11, C14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from imis_sso.api.body import parse_object, require_json
from imis_sso.domain.problems import FieldError, UnknownField
from imis_sso.domain.violations import invalid, nearest, sentence


async def posted(request: Request, known: tuple[str, ...]) -> dict[str, Any]:
    """Read the body of a POST without parameters. Raises as `posted_object`."""
    strange = [FieldError(key[:60], "is no parameter of this") for key in request.query_params]
    if strange:
        # A dry run that was asked for must never do the real thing (contract C14).
        raise UnknownField(sentence(strange), strange)
    return await posted_object(request, known)


async def posted_object(request: Request, known: tuple[str, ...]) -> dict[str, Any]:
    """Read the body. Raises `UnknownField`, and what parsing it raises."""
    raw = await request.body()
    require_json(request.headers.get("content-type") if raw else None, request.method)
    body = parse_object(raw)
    errors = [FieldError(key[:60], _strange(key, known)) for key in body if key not in known]
    if errors:
        raise UnknownField(sentence(errors), errors)
    return body


def _strange(key: str, known: tuple[str, ...]) -> str:
    if not known:
        return "is not a known key; the body is empty, or an object without keys"
    return f"is not a known key; the nearest known key is {nearest(key, known)}"


def line(body: Mapping[str, Any], key: str, most: int) -> str:
    """Give the text of a key, one line of at most so many characters. Raises `InvalidSettings`."""
    value = body.get(key)
    if not isinstance(value, str) or not value.strip():
        raise invalid(key, "must be given, as a text")
    if len(value) > most or not value.isprintable():
        raise invalid(key, f"must be one line of at most {most} characters")
    return value
