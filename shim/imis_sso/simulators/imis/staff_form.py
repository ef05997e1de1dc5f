"""The form of Settings > Contacts > OpenID Connect: its rows, and what a browser sends of it.

Labels are those of product facts 2; everything else is a variant (3.5).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from imis_sso.simulators.imis import wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imis_sso.simulators.imis.wire import Record
    from imis_sso.simulators.variant import Variant

MASK = "\u25cf" * 10
SAVE_BUTTON = "Save"
EMAIL_BODY = "EmailBody"
_PREFIX = "ctl01$TemplateBody$WebPartManager1$gwpste_container_ciSettings$ciSettings$"
#: The texts of the options of each list, by the variant.
OPTIONS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "Mode": {
        "documented": ("Disabled", "Test mode", "Enabled"),
        "vendor": ("Disabled", "Test Mode", "Enabled"),
        "codes": ("Disabled", "TestMode", "Enabled"),
    },
    "ProviderType": {
        "documented": ("Entra ID", "Okta", "Other"),
        "vendor": ("Microsoft Entra ID", "Okta", "Other provider"),
        "codes": ("EntraID", "Okta", "Other"),
    },
}
#: Every row: its label, its property, its kind. The last labels are invented (facts 3.5).
_ROWS = (
    ("OIDC authentication", "Mode", "select"),
    ("Type", "ProviderType", "select"),
    ("Name", "ProviderName", "text"),
    ("Client ID", "ProviderClientId", "text"),
    ("Client Secret", "ClientSecret", "password"),
    ("Directory tenant", "Tenant", "text"),
    ("Well-Known URL", "WellKnownUrl", "text"),
    ("Authority URL", "Authority", "text"),
    ("Redirect login URL", "RedirectLoginUri", "text"),
    ("External ID claim type", "ExternalIdClaimType", "text"),
    ("Set login hint", "SetLoginHint", "checkbox"),
    ("Claim type", "StaffClaimType", "text"),
    ("Claim value", "StaffClaimValue", "text"),
    ("Members sign in through it, too", "RequirePublicUsers", "checkbox"),
    ("Email body", EMAIL_BODY, "textarea"),
)
_ADDRESSES = ("WellKnownUrl", "Authority")
ENTRA = 0


@dataclass(frozen=True)
class Row:
    """One labelled field: `value` as the browser gets it, `hidden_for` the Types that hide it."""

    label: str
    name: str
    kind: str
    value: str
    options: tuple[str, ...] = ()
    hidden_for: tuple[str, ...] = ()
    # Ids as generators make them: another one each time, telling nothing.
    id: str = field(default_factory=lambda: f"ctl01_TemplateBody_ctl{secrets.token_hex(3)}_ctl00")

    def again(self) -> Row:
        """Give the same row once more, with an id of its own."""
        return replace(self, id=f"{self.id}_again")

    def renamed(self, label: str) -> Row:
        """Give the row under another label."""
        return replace(self, label=label)

    def retyped(self) -> Row:
        """Give the row as another kind of field: a text as a list, everything else as a text.

        A secret in a text box is one of the variants, so its box becomes a list, too.
        """
        if self.kind in {"text", "password"}:
            return replace(self, kind="select", options=(self.value,), value="0")
        return replace(self, kind="text", value=self.value or "1")


def rows_of(record: Record, email_body: str, variant: Variant) -> list[Row]:
    """Give the rows of the form for a record."""
    values = dict(wire.DEFAULTS) | record | {EMAIL_BODY: email_body}
    return [_row(label, name, kind, values, variant) for label, name, kind in _ROWS]


def _row(label: str, name: str, kind: str, values: Mapping[str, Any], variant: Variant) -> Row:
    options = tuple(OPTIONS[name][variant.staff_options]) if kind == "select" else ()
    if kind == "password":
        kind, value = _secret_box(str(values[name] or ""), variant)
    elif kind == "checkbox":
        value = "on" if values[name] else ""
    else:
        value = str(values[name] if values[name] is not None else "")
    return Row(label, _PREFIX + name, kind, value, options, _hidden_for(name, variant))


def _secret_box(secret: str, variant: Variant) -> tuple[str, str]:
    if variant.staff_secret == "shown":  # noqa: S105 -- a variant
        return "text", secret
    has_dots = secret and variant.staff_secret in {"masked", "reveal"}
    return "password", MASK if has_dots else ""


def _hidden_for(name: str, variant: Variant) -> tuple[str, ...]:
    """Tenant is Entra ID's alone; whether that has addresses of its own is a variant."""
    if name == "Tenant":
        return tuple(str(each) for each in range(len(wire.ENUMS["ProviderType"])) if each != ENTRA)
    if name in _ADDRESSES and variant.staff_type_hides == "addresses":
        return (str(ENTRA),)
    return ()


@dataclass(frozen=True)
class Sent:
    """What a browser sent of the form: properties, the e-mail body, and what is wrong with it."""

    properties: Record
    email_body: str
    errors: tuple[str, ...] = ()


def sent_of(form: Mapping[str, str], record: Record, variant: Variant) -> Sent:
    """Read a form; raises ValueError for one that no page of ours would send."""
    properties: Record = {}
    errors: list[str] = []
    for label, name, kind in _ROWS:
        value = form.get(_PREFIX + name)
        if value is None and kind != "checkbox":
            raise ValueError(name)
        properties[name] = _property(name, kind, value or "", record, variant)
        if name in {*_ADDRESSES, "RedirectLoginUri"} and value and not _is_https(value):
            errors.append(f"{label} must begin with https://.")
    return Sent(properties, properties.pop(EMAIL_BODY) or "", tuple(errors))


def _is_https(value: str) -> bool:
    return value.startswith("https://")


def _property(name: str, kind: str, value: str, record: Record, variant: Variant) -> object:
    if kind == "select":
        return wire.enum_value(name, int(value))
    if kind == "checkbox":
        return value == "on"
    if kind == "password" and variant.staff_secret != "shown" and value in {"", MASK}:  # noqa: S105
        # Unknown: what a save does with a password box that nobody touched (product facts 3.5).
        keeps = variant.staff_untouched_secret == "keeps"  # noqa: S105 -- a variant
        return record.get(name) if keeps else None
    # An empty box that stands for a missing text leaves it missing.
    return value or (None if record.get(name) is None else "")


def label_of(label: str, variant: Variant) -> str:
    """Give a label as the variant writes it."""
    if variant.staff_labels == "decorated":
        return f"{label}: *"
    return label.capitalize() if variant.staff_labels == "recased" else label
