"""Query parameters: lenient on GET, strict on writes (contract C14)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import QueryParams

from imis_sso.domain.documents import Document
from imis_sso.domain.problems import FieldError, UnknownField
from imis_sso.domain.violations import invalid, nearest, sentence

READ_PARAMETERS: Final = ("fields", "include")
WRITE_PARAMETERS: Final = (*READ_PARAMETERS, "dry_run", "force")
DELETE_PARAMETERS: Final = (*WRITE_PARAMETERS, "on_destroy")


@dataclass(frozen=True)
class Query:
    """The query parameters of a settings request."""

    fields: tuple[str, ...] | None = None
    meta: bool = False
    dry_run: bool = False
    force: bool = False
    on_destroy: str | None = None


def parse(params: QueryParams, document: type[Document], allowed: Iterable[str]) -> Query:
    """Read the parameters of a request; those not allowed are taken as absent.

    Raises `InvalidSettings` and `UnknownField`.
    """
    known = frozenset(allowed)
    values = {key: _single(params, key) for key in params if key in known}
    return Query(
        fields=_fields(values.get("fields"), document),
        meta=_include(values.get("include")),
        dry_run=_boolean("dry_run", values.get("dry_run")),
        force=_boolean("force", values.get("force")),
        on_destroy=values.get("on_destroy"),
    )


def require_known(params: QueryParams, allowed: Iterable[str]) -> None:
    """Raise `UnknownField` for unknown parameters, naming the nearest known one (C14).

    A misspelt `dry_run` must never do the real thing.
    """
    known = tuple(allowed)
    errors = [
        FieldError(
            key[:60],
            f"is not a known parameter; the nearest known parameter is {nearest(key, known)}",
        )
        for key in params
        if key not in known
    ]
    if errors:
        raise UnknownField(sentence(errors), errors)


def flag(params: QueryParams, name: str) -> bool:
    """Read the one boolean parameter that a request may have (contract C14).

    Raises `InvalidSettings`, and `UnknownField` for every other parameter.
    """
    return flags(params, name)[0]


def flags(params: QueryParams, *names: str) -> tuple[bool, ...]:
    """Read the boolean parameters that a request may have. Raises as `flag`."""
    require_known(params, names)
    return tuple(
        _boolean(each, _single(params, each) if each in params else None) for each in names
    )


def _single(params: QueryParams, key: str) -> str:
    values = params.getlist(key)
    if len(values) > 1:
        raise invalid(key, "is given more than once")
    return values[0]


def _boolean(name: str, value: str | None) -> bool:
    if value not in (None, "true", "false"):
        raise invalid(name, "must be true or false")
    return value == "true"


def _include(value: str | None) -> bool:
    if value not in (None, "meta"):
        raise invalid("include", "must be meta")
    return value == "meta"


def _fields(value: str | None, document: type[Document]) -> tuple[str, ...] | None:
    if value is None:
        return None
    known = tuple(document.model_fields)
    errors = [
        FieldError(
            "fields", f"names {name[:60]!r}; the nearest known name is {nearest(name, known)}"
        )
        for name in value.split(",")
        if name not in known
    ]
    if errors:
        raise UnknownField(sentence(errors), errors)
    return tuple(value.split(","))
