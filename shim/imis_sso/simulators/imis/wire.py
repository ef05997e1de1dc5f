"""The REST wire of iMIS: type names, envelopes, enumerations, omitted defaults, errors.

Names and types are those of product facts 3.2 and 3.3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imis_sso.simulators.variant import Variant

Record: TypeAlias = dict[str, Any]

NAMESPACE = "Asi.Soa.Core.DataContracts"
RECORD_TYPE = f"{NAMESPACE}.Internal.OpenIDProviderData, Asi.Contracts"
MASK = "********"
DEFAULT_LIMIT, LIMIT_CAP = 100, 500

ENUMS: Mapping[str, tuple[str, ...]] = {
    "Mode": ("Disabled", "TestMode", "Enabled"),
    "ProviderType": ("EntraID", "Okta", "Other"),
}
BOOLEANS = ("SetLoginHint", "RequirePublicUsers")
#: Every property of the contract type, in its order, with its type's default.
DEFAULTS: Mapping[str, object] = {
    "ProviderId": None,
    "Mode": 0,
    "ProviderType": 0,
    "ProviderName": None,
    "ProviderClientId": None,
    "ClientSecret": None,
    "WellKnownUrl": None,
    "Authority": None,
    "Tenant": None,
    "RedirectLoginUri": None,
    "ExternalIdClaimType": None,
    "SetLoginHint": False,
    "StaffClaimType": None,
    "StaffClaimValue": None,
    "RequirePublicUsers": False,
    "RoleMappingKey": None,
    "ProviderUri": None,
}


class MalformedError(Exception):
    """A body iMIS cannot read at all: answered 400 with plain text (product facts 3.3)."""


class InvalidError(Exception):
    """A record iMIS can read and does not accept; carries (field, value, message) of each error."""

    def __init__(self, errors: Sequence[tuple[str, object, str]]) -> None:
        super().__init__("Validation error")
        self.errors = errors


def encode(record: Record, variant: Variant) -> Record:
    """Give a record as a read shows it under a variant, `$type` first."""
    shown: Record = {"$type": RECORD_TYPE, **_with_defaults(record, variant)}
    match variant.imis_secret:
        case "absent":
            shown.pop("ClientSecret", None)
        case "masked" if shown.get("ClientSecret"):
            shown["ClientSecret"] = MASK
    if variant.imis_enums == "names":
        for name in ENUMS.keys() & shown.keys():
            shown[name] = ENUMS[name][shown[name]]
    return shown


def decode(body: bytes) -> Record:
    """Read a record that was sent.

    Raises MalformedError for a body that is not one, InvalidError for one that is not acceptable.
    """
    sent = _typed_object(body)
    errors = [error for name in DEFAULTS for error in _errors_of(name, sent.get(name))]
    if errors:
        raise InvalidError(errors)
    record = {name: value for name, value in sent.items() if name != "$type"}
    return record | {name: enum_value(name, record[name]) for name in ENUMS if name in record}


def enum_value(name: str, value: object) -> int:
    """Give the number of an enumeration's value sent as number or name.

    Raises ValueError for a value the enumeration does not have.
    """
    names = ENUMS[name]
    if isinstance(value, str) and value in names:
        return names.index(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
        return value
    message = f"{name} takes one of {', '.join(names)} or 0 to {len(names) - 1}"
    raise ValueError(message)


def paged(items: Sequence[Record], offset: int, limit: int) -> Record:
    """Wrap records in the envelope of a list (product facts 3.3)."""
    page = items[offset : offset + limit]
    after = offset + len(page)
    has_next = after < len(items)
    return {
        "$type": f"{NAMESPACE}.PagedResult`1[[{RECORD_TYPE}]], Asi.Contracts",
        "Items": collection(RECORD_TYPE, page),
        "Offset": offset,
        "Limit": limit,
        "Count": len(page),
        "TotalCount": len(items),
        "NextPageLink": f"api/OpenIDProvider?limit={limit}&offset={after}" if has_next else None,
        "HasNext": has_next,
        "NextOffset": after if has_next else 0,
    }


def collection(item_type: str, values: Sequence[object]) -> Record:
    """Wrap values in the envelope of a collection."""
    name = f"System.Collections.Generic.List`1[[{item_type}]], mscorlib"
    return {"$type": name, "$values": list(values)}


def validation_results(errors: Sequence[tuple[str, object, str]], echo: str = "") -> Record:
    """Give the body of a validation error, or of a passed validation where there are no errors."""
    item = f"{NAMESPACE}.ValidationResultData, Asi.Contracts"
    found: list[Record] = [
        {
            "$type": item,
            "FieldName": field,
            "FieldValue": value,
            "Location": "OpenIDProvider",
            "Message": f"{message} {echo}".strip(),
        }
        for field, value, message in errors
    ]
    return {
        "$type": f"{NAMESPACE}.ValidationResultsData, Asi.Contracts",
        "Errors": collection(item, found),
        "Warnings": collection(item, []),
        "HasErrors": bool(found),
        "IsValid": not found,
        "Summary": "; ".join(error["Message"] for error in found),
    }


def _with_defaults(record: Record, variant: Variant) -> Record:
    if variant.imis_defaults == "present":
        return dict(DEFAULTS) | record
    # Inferred: "emit default value = false" is declared on every property (product facts 3.2).
    return {
        name: value
        for name, value in record.items()
        if name not in DEFAULTS or value != DEFAULTS[name]
    }


def _typed_object(body: bytes) -> Record:
    try:
        sent = json.loads(body)
    except ValueError:
        message = "The request body is not valid JSON."
        raise MalformedError(message) from None
    if not isinstance(sent, dict) or next(iter(sent.items()), None) != ("$type", RECORD_TYPE):
        message = f'The first property must be "$type": "{RECORD_TYPE}".'
        raise MalformedError(message)
    if not all(map(_is_typed, sent.values())):
        message = 'The first property of every object must be "$type".'
        raise MalformedError(message)
    return sent


def _is_typed(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_typed, value))
    if not isinstance(value, dict):
        return True
    return next(iter(value), None) == "$type" and all(map(_is_typed, value.values()))


def _errors_of(name: str, value: object) -> list[tuple[str, object, str]]:
    message = _objection(name, value)
    return [] if message is None else [(name, value, message)]


def _objection(name: str, value: object) -> str | None:
    if value is None:
        return None
    if name in ENUMS:
        return _enum_objection(name, value)
    if name in BOOLEANS:
        return None if isinstance(value, bool) else f"{name} must be a boolean."
    if not isinstance(value, str):
        return f"{name} must be text."
    if name in {"WellKnownUrl", "Authority", "RedirectLoginUri"} and value:
        return None if value.startswith("https://") else f"{name} must begin with https://."
    return None


def _enum_objection(name: str, value: object) -> str | None:
    try:
        enum_value(name, value)
    except ValueError as error:
        return str(error)
    return None
