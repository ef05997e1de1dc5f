"""What every settings document has: declared fields, a canonical form, defaults, a secret.

Everything about a setting is said once, in its declaration; validation, OpenAPI, guards, trust
pins, page lookup and documentation are derived from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from imis_sso.domain.forms import Form

JsonValue = str | bool | int | float | None | list["JsonValue"] | dict[str, "JsonValue"]
Values = Mapping[str, str | bool]
"""Field values by dotted path, for example `user_authentication.claim_type`."""

Trust = Literal["sso", "imis", "directory"]


@dataclass(frozen=True)
class Setting:
    """One settable field of a document, as declared (contract 1.1, product facts 2)."""

    path: str
    label: str
    text: str
    default: str | bool
    kind: Literal["text", "boolean", "choice"]
    choices: tuple[str, ...] = ()
    form: Form | None = None
    critical: bool = False
    portable: bool = False
    trust: Trust | None = None


@dataclass(frozen=True)
class Rule:
    """A rule over several fields; it runs when one of them changes (contract C2).

    `broken` takes the values by path and gives the sentence to show, or None if all is well.
    """

    fields: tuple[str, ...]
    blamed: str
    broken: Callable[[Values], str | None]

    @classmethod
    def required(cls, field: str, form: str) -> Rule:
        """Give the rule that a field must not be empty; `form` says what belongs there."""
        return cls((field,), field, lambda values: None if values[field] else f"is missing: {form}")


@dataclass(frozen=True)
class SecretKeys:
    """The keys by which a document speaks of its secret (contract C21-C24)."""

    inline: str
    label: str

    @property
    def ref(self) -> str:
        """Key that names the secret."""
        return f"{self.inline}_ref"

    @property
    def version(self) -> str:
        """Key that shows the keyed fingerprint of the secret."""
        return f"{self.inline}_version"


def setting(
    label: str,
    *,
    default: object,
    text: str,
    critical: bool = False,
    portable: bool = False,
    trust: Trust | None = None,
) -> Any:
    """Declare a setting.

    `label` is the label on the vendor's page, `default` what "unset" means, `text` the
    documentation. `critical` marks what can break sign-in (guarded while the pair is live),
    `portable` what is promoted between environments, `trust` the pins a changed address meets.
    """
    marks: dict[str, Any] = {"critical": critical, "portable": portable, "trust": trust}
    return Field(
        default=default, title=label, description=text, json_schema_extra={"x-marks": marks}
    )


class Document(BaseModel):
    """A settings document: immutable, complete, without nulls (contract C8-C12)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    secret: ClassVar[SecretKeys | None] = None
    rules: ClassVar[tuple[Rule, ...]] = ()

    @classmethod
    def settings(cls) -> tuple[Setting, ...]:
        """Give the settable fields as declared, the keys of the secret left out."""
        return _settings(cls)

    @classmethod
    def defaults(cls) -> dict[str, str | bool]:
        """Give the default of every settable field by path."""
        return {each.path: each.default for each in cls.settings()}

    @classmethod
    def of(cls, values: Values) -> Self:
        """Build a document from values by path; a field without a value has its default."""
        return cls.model_validate(nested(values))

    def values(self) -> dict[str, str | bool]:
        """Give the values of the settable fields by path."""
        flat = flatten(self.model_dump())
        return {each.path: flat[each.path] for each in self.settings()}


@cache
def _settings(document: type[Document]) -> tuple[Setting, ...]:
    skipped = () if document.secret is None else (document.secret.ref, document.secret.version)
    found: list[Setting] = []
    for name, info in document.model_fields.items():
        if name not in skipped:
            found.extend(_declared(name, info))
    return tuple(found)


def _declared(path: str, info: FieldInfo) -> list[Setting]:
    annotation = info.annotation
    if isinstance(annotation, type) and issubclass(annotation, Document):
        inner = annotation.model_fields.items()
        return [each for name, field in inner for each in _declared(f"{path}.{name}", field)]
    extra = info.json_schema_extra
    marks: Any = extra.get("x-marks", {}) if isinstance(extra, dict) else {}
    choices = (
        tuple(str(choice) for choice in get_args(annotation)) if annotation is not bool else ()
    )
    return [
        Setting(
            path=path,
            label=info.title or path,
            text=info.description or "",
            default=info.default,
            kind="boolean" if annotation is bool else "choice" if choices else "text",
            choices=choices,
            form=next((each for each in info.metadata if isinstance(each, Form)), None),
            **marks,
        )
    ]


def flatten(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn a nested mapping into one by dotted path."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a mapping by dotted path into a nested one; the inverse of `flatten`."""
    result: dict[str, Any] = {}
    for path, value in values.items():
        *parents, name = path.split(".")
        place = result
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
    return result
