"""Checking what a caller sends: shape first, then only what changes (contract C2, C9-C12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from imis_sso.domain.documents.base import Document, Setting, Values
from imis_sso.domain.problems import (
    InvalidSettings,
    NotCanonical,
    UnknownField,
    UnsupportedByConnector,
    UntrustedHost,
)
from imis_sso.domain.secret import Secret, is_mask
from imis_sso.domain.trust import Pins
from imis_sso.domain.violations import Violations, nearest

MAX_SECRET: Final = 1024
MAX_SHOWN: Final = 60
_EXPECTED: Final = {
    "string_type": "a text",
    "bool_type": "true or false",
    "model_type": "an object",
    "dict_type": "an object",
}


def _kind(value: object) -> str:
    names = {bool: "a boolean", str: "a text", int: "a number", float: "a number"}
    named = {type(None): "null", list: "a list", dict: "an object"}
    return (names | named).get(type(value), "something else")


def check_shape(document: type[Document], body: Mapping[str, Any]) -> None:
    """Refuse unknown keys, wrong types and nulls, at every depth, all at once (C9, C11).

    Raises `UnknownField` or `InvalidSettings`.
    """
    try:
        document.model_validate(dict(body))
    except ValidationError as error:
        violations = Violations()
        for each in error.errors(include_url=False):
            _add_shape(violations, document, each)
        violations.raise_if_any()


def _add_shape(violations: Violations, document: type[Document], error: ErrorDetails) -> None:
    path = ".".join(str(part)[:MAX_SHOWN] for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _keys_beside(document, error["loc"])
        violations.add(
            UnknownField,
            path,
            f"is not a known key; the nearest known key is {nearest(path, known)}",
        )
    elif error["type"] == "literal_error":
        expected = str(error.get("ctx", {}).get("expected", "")).replace("'", '"')
        violations.add(InvalidSettings, path, f"must be {expected}, not {_shown(error['input'])}")
    else:
        expected = _EXPECTED.get(error["type"], "of another type")
        unset = ' ("unset" is "")' if error["input"] is None and expected == "a text" else ""
        violations.add(
            InvalidSettings, path, f"must be {expected}, not {_kind(error['input'])}{unset}"
        )


def _shown(value: object) -> str:
    return f'"{value[:MAX_SHOWN]}"' if isinstance(value, str) else _kind(value)


def _keys_beside(document: type[Document], location: Sequence[str | int]) -> list[str]:
    prefix, fields = "", document.model_fields
    for part in location[:-1]:
        inner: Any = fields[str(part)].annotation  # only a document refuses unknown keys
        prefix, fields = f"{prefix}{part}.", inner.model_fields
    known = [f"{prefix}{name}" for name in fields]
    if not prefix and document.secret is not None and document.secret.ref in fields:
        known.append(document.secret.inline)
    return known


def inline_secret(document: type[Document], body: Mapping[str, Any]) -> Secret | None:
    """Take the write-only secret out of a body, or None where it is absent (contract C24).

    Raises `InvalidSettings` for everything that cannot be a secret: not a text, empty, a mask,
    control characters, white space at its ends, or together with a reference.
    """
    keys = document.secret
    if keys is None or keys.inline not in body:
        return None
    value = body[keys.inline]
    violations = Violations()
    if fault := _secret_fault(value):
        violations.add(InvalidSettings, keys.inline, fault)
    if body.get(keys.ref):
        violations.add(
            InvalidSettings, keys.inline, f"cannot be given together with {keys.ref}; leave one out"
        )
    violations.raise_if_any()
    return Secret(value)


def _secret_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a text, not {_kind(value)}"
    if not value:
        return "must not be empty; leave the key out to keep the secret"
    if is_mask(value):
        return "is only a mask, not a secret; leave the key out to keep the secret"
    if len(value) > MAX_SECRET or value != value.strip() or not value.isprintable():
        return f"must be at most {MAX_SECRET} printable characters without white space at its ends"
    return None


def check_changes(
    document: type[Document],
    live: Values,
    wanted: Values,
    pins: Pins,
    reach: Mapping[str, str],
    *,
    verbatim: bool = False,
    creating: bool = False,
    pinned_again: bool = False,
) -> None:
    """Refuse changed values that are not valid, canonical, trusted or within reach, all at once.

    `live` and `wanted` are values by path; what is equal in both is never looked at, so whatever
    the product holds may be sent back (C2). `reach` maps each unreachable field to the sentence
    that names the connector which can reach it. With `verbatim` the product held the values before,
    so neither their form nor the document's rules are judged; pins are. With `creating` there is no
    record yet, so every value is new. With `pinned_again` the pins also judge what does not change:
    another secret would go where the addresses lead. Raises the 422 problems of contract section 4.
    """
    violations = Violations()
    changed = {path for path in wanted if creating or live[path] != wanted[path]}
    check = _check_held if verbatim else _check_value
    for each in document.settings():
        if each.path in changed:
            check(violations, each, wanted[each.path], pins, reach)
        elif pinned_again and each.trust == "directory":
            _check_held(violations, each, wanted[each.path], pins, {})
    for rule in () if verbatim else document.rules:
        if changed.intersection(rule.fields) and (fault := rule.broken(wanted)):
            violations.add(InvalidSettings, rule.blamed, fault)
    violations.raise_if_any()


def _check_value(
    violations: Violations,
    setting: Setting,
    value: str | bool,
    pins: Pins,
    reach: Mapping[str, str],
) -> None:
    if setting.path in reach:
        violations.add(UnsupportedByConnector, setting.path, reach[setting.path])
        return
    if not isinstance(value, str) or not value or setting.form is None:
        return
    try:
        canonical = setting.form.canonical(value)
    except ValueError as fault:
        violations.add(InvalidSettings, setting.path, str(fault))
        return
    if canonical != value:
        detail = f'is not in its canonical form, which is "{canonical}"'
        violations.add(NotCanonical, setting.path, detail, canonical)
    elif setting.trust and (refusal := pins.refusal(setting.trust, value)):
        violations.add(UntrustedHost, setting.path, refusal)


def _check_held(
    violations: Violations,
    setting: Setting,
    value: str | bool,
    pins: Pins,
    reach: Mapping[str, str],
) -> None:
    """Judge a value that the product held before: only by reach and by the pins (contract C45)."""
    if setting.path in reach:
        violations.add(UnsupportedByConnector, setting.path, reach[setting.path])
    elif setting.trust and isinstance(value, str) and value:
        try:
            refusal = pins.refusal(setting.trust, value.strip())
        except ValueError as fault:
            refusal = f"{fault}; whether its host is pinned cannot be told"
        if refusal:
            violations.add(UntrustedHost, setting.path, refusal)
