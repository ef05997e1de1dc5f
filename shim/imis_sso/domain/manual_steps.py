"""Steps that a person does: where, what to set, and how it is said. Pure.

A value is shown as the page names it, for a person to paste or choose; a secret is never shown,
only where to copy it from (contract C20).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from imis_sso.domain.documents.base import Setting, Values
from imis_sso.domain.problems import FieldError
from imis_sso.domain.resources import BUILT_IN_SECRET, RESOURCES, Product, Record

State = Literal["pending", "confirmed", "superseded"]
PRESENT: Final = "present"
"""What stands for a step that changes nothing: to say what a product holds now."""
_LONG: Final = 200


@dataclass(frozen=True)
class Place:
    """A page of a product, by what a person sees: the way to it, and what saves it."""

    title: str
    way: str
    save: str = ""


# Labels of the ways as the vendors document them (product facts 2, 3.4, 4.2).
PLACES: Final[Mapping[str, Place]] = {
    "openid-provider": Place(
        "the Staff site of iMIS", "Settings > Contacts > OpenID Connect", "Save"
    ),
    "about-imis": Place("the Staff site of iMIS", "Settings > About iMIS > Licensed features"),
    "imis-sso-settings": Place(
        "the dashboard of Cloud SSO", "External Directories > iMIS SSO Settings", "Save Settings"
    ),
}
# Inferred: the visible texts of options; a page may word them a little otherwise (3.5).
_CHOICES: Final[Mapping[str, str]] = {
    "disabled": "Disabled",
    "test_mode": "Test mode",
    "enabled": "Enabled",
    "entra_id": "Entra ID",
    "okta": "Okta",
    "other": "Other",
    "licensed": "listed",
    "not_licensed": "not listed",
    "unknown": "not looked up",
}
_BUILT_IN_PLACE: Final = (
    'copied from the dashboard of Cloud SSO, External Directories > iMIS SSO Settings, "Client '
    'Secret"'
)


def settings_on(record: Record) -> Mapping[str, Setting]:
    """Give the settings of every document on a record, by path."""
    return {
        each.path: each
        for resource in RESOURCES
        if resource.record.name == record.name
        for each in resource.document.settings()
    }


def shown(setting: Setting, value: str | bool) -> str:
    """Say a value as the page shows it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if setting.kind == "choice":
        return f'"{_CHOICES.get(value, value)}"'
    return f'"{value}"' if value else "empty"


def secret_words(ref: str) -> str:
    """Say where a person finds a secret; never the secret."""
    if ref == BUILT_IN_SECRET:
        return _BUILT_IN_PLACE
    if ref:
        return f'the secret that the registry names "{ref}", from where your operators keep it'
    return "the secret that was sent with the request: it is shown nowhere, so have it at hand"


def instructions(
    record: Record, values: Values, secret_ref: str | None, label: str = "Client Secret"
) -> tuple[FieldError, ...]:
    """Say for each field what to set, in the order of the page.

    `secret_ref` is None where the secret stays.
    """
    place = PLACES[record.name]
    known = settings_on(record)
    told = [
        FieldError(path, f'{place.way}: set "{each.label}" to {shown(each, values[path])}')
        for path, each in known.items()
        if path in values
    ]
    if secret_ref is not None:
        where = secret_words(secret_ref)
        told.append(FieldError("client_secret", f'{place.way}: set "{label}" to {where}'))
    return tuple(told)


def order(record: Record, where: str, told: Sequence[FieldError]) -> str:
    """Say all of it in one short text; long values stand beside it only."""
    place = PLACES[record.name]
    parts = [each.detail.removeprefix(f"{place.way}: set ") for each in told]
    short = [
        each if len(each) <= _LONG else f"{each.partition(' to ')[0]} as `errors` says"
        for each in parts
    ]
    return (
        f"A person has to do this in {place.title}{where}: open {place.way}, set "
        f"{'; '.join(short)}; press {place.save}, load the page again and see that it kept it."
    )


@dataclass(frozen=True)
class Step:
    """A step that a person was asked for.

    `wanted` are the values to set and `base` the whole record as it was then, by path; `secret` is
    name and version of the one to set, None where it stays. `who` asked for it.
    """

    number: int
    environment: str
    product: Product
    resource: str
    who: str
    at: datetime
    detail: str
    told: tuple[FieldError, ...]
    wanted: Values
    base: Values
    secret: tuple[str, str] | None = None
    state: State = "pending"
    by: str = ""
    done_at: datetime | None = None
    checks: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def id(self) -> str:
        """What callers name it by."""
        return str(self.number)

    def is_for(self, resource: str, wanted: Values, secret: tuple[str, str] | None) -> bool:
        """Tell whether the same was asked for before."""
        return (self.resource, dict(self.wanted), self.secret) == (resource, dict(wanted), secret)

    def as_dict(self) -> dict[str, Any]:
        """Give what is answered and stored."""
        return {
            "id": self.id,
            "number": self.number,
            "resource": self.resource,
            "product": self.product,
            "state": self.state,
            "who": self.who,
            "at": self.at.isoformat(timespec="seconds"),
            "detail": self.detail,
            "instructions": [each.as_dict() for each in self.told],
            "confirmed_by": self.by,
            "done_at": None if self.done_at is None else self.done_at.isoformat(timespec="seconds"),
            "checks": [dict(each) for each in self.checks],
        }

    def stored(self) -> dict[str, Any]:
        """Give what is stored: what is answered, and what a confirmation needs."""
        more = {"wanted": dict(self.wanted), "base": dict(self.base)}
        return self.as_dict() | more | {"secret": self.secret and list(self.secret)}

    @classmethod
    def of(cls, environment: str, content: Mapping[str, Any]) -> Step:
        """Read what was stored."""
        secret, done = content["secret"], content["done_at"]
        return cls(
            number=content["number"],
            environment=environment,
            product=content["product"],
            resource=content["resource"],
            who=content["who"],
            at=datetime.fromisoformat(content["at"]),
            detail=content["detail"],
            told=tuple(FieldError(**each) for each in content["instructions"]),
            wanted=content["wanted"],
            base=content["base"],
            secret=None if secret is None else (secret[0], secret[1]),
            state=content["state"],
            by=content["confirmed_by"],
            done_at=None if done is None else datetime.fromisoformat(done),
            checks=content["checks"],
        )


def confirmed_key(record: Record) -> str:
    """Give the key under which the confirmed state of a record is kept."""
    return f"confirmed/{record.name}"


def step_key(number: int) -> str:
    """Give the key of a step; keys sort as numbers do."""
    return f"step/{number:09d}"
