"""What answers of iMIS are made of, for a capture: never a value (docs/captures.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from imis_sso.connectors.imis_rest import mapping, wire
from imis_sso.connectors.imis_rest.transport import Answer
from imis_sso.domain.problems import Problem, UpstreamError
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.domain.shapes import Clean, shape_of

CONTRACT: Final = frozenset(
    {
        *(each.name for each in mapping.TABLE.values()),
        *(mapping.IDENTITY, mapping.SECRET, "RoleMappingKey", "ProviderUri"),
    }
)
"""Every property of the contract type (product facts 3.2)."""
_REASONS: Final = ("Validation error", "Service not implemented", "Operation not implemented")
_ENUMS: Final = ("Mode", "ProviderType")


def answer_shape(answer: Answer, clean: Clean) -> dict[str, Any]:
    """Give status, headers of interest, and the form of the body."""
    headers = answer.headers
    reason = headers.get("x-reason-phrase", "")
    form = body_form(answer)
    shape: dict[str, Any] = {
        "status": answer.status,
        "media_type": _media_type(headers.get("content-type", ""), clean),
        "reason": reason if reason in _REASONS else "other" if reason else "",
        "challenge": headers.get("www-authenticate", "").split(" ")[0].lower() == "bearer",
        "retry_after": "retry-after" in headers,
        "form": form,
    }
    return shape | ({"body": shape_of(answer.json(), clean)} if form == "json" else {})


def body_form(answer: Answer) -> str:
    """Tell what a body is: `empty`, `html`, `json` or `text`."""
    if not answer.body.strip():
        return "empty"
    if answer.is_html:
        return "html"
    try:
        wire.parse(answer.body)
    except UpstreamError:
        return "text"
    return "json"


def list_shape(answer: Answer, clean: Clean) -> dict[str, Any]:
    """Give the shape of a list of records: its envelope, and each record's own shape."""
    shape = answer_shape(answer, clean)
    document = answer.json()
    records = wire.page(document, 0).items
    envelope = {key: each for key, each in document.items() if key != "Items"}
    items = document.get("Items")
    collection = {**items, "$values": []} if isinstance(items, dict) else []
    return shape | {
        "body": shape_of({**envelope, "Items": collection}, clean),
        "count": _count(records),
        "active": _active(records),
        "records": [record_shape(each, clean) for each in records[:10]],
    }


def record_shape(record: wire.Properties, clean: Clean) -> dict[str, Any]:
    """Give a record's properties and their types, and the manners in which it is shown."""
    return {
        "properties": shape_of(record, clean),
        "defaults": defaults_form([record]),
        "enums": enum_form([record]),
        "secret": secret_form(record),
    }


def defaults_form(records: Sequence[wire.Properties]) -> str:
    """Tell whether values equal to their type's default are shown: `present` or `omitted`."""
    seen = [wire.unbox(each[name]) for each in records for name in CONTRACT & each.keys()]
    if any(value in (None, False) or value == 0 for value in seen):
        return "present"
    return "omitted" if any(CONTRACT - {mapping.SECRET} - each.keys() for each in records) else "—"


def enum_form(records: Sequence[wire.Properties]) -> str:
    """Tell how enumerations are shown: `names`, `numbers`, or that none is shown."""
    seen = [wire.unbox(each[name]) for each in records for name in _ENUMS if name in each]
    if any(isinstance(value, str) for value in seen):
        return "names"
    return "numbers" if any(isinstance(value, int) for value in seen) else "—"


def secret_form(record: wire.Properties) -> str:
    """Tell how the secret is shown: `clear`, `masked` or `absent`."""
    match mapping.secret_of(record):
        case Secret():
            return "clear"
        case Unreadable.MASKED:
            return "masked"
        case _:
            return "absent"


def metadata_shape(answer: Answer, clean: Clean) -> dict[str, Any]:
    """Give the shape of an entity's metadata, with each property's name and declared type."""
    shape = answer_shape(answer, clean)
    return shape | {"declared": declared(answer, clean)} if shape["form"] == "json" else shape


def declared(answer: Answer, clean: Clean) -> Mapping[str, str]:
    """Give the declared properties with their types, as far as the metadata names them."""
    document = answer.json()
    found = document.get("Properties") if isinstance(document, dict) else None
    try:
        listed = wire.members(found, "Properties")
    except Problem:
        return {}
    named = (each for each in listed if isinstance(each, dict) and _plain(each.get("Name"), clean))
    types = {str(each["Name"]): str(each.get("PropertyTypeName", "")) for each in named}
    return {name: kind if _plain(kind, clean) else "" for name, kind in sorted(types.items())}


def permission_form(document: Any) -> str:
    """Tell how a permission is answered: `bare`, `result` or `boxed`."""
    if isinstance(document, dict):
        return "boxed" if wire.unbox(document) is not document else "result"
    return "bare"


def _count(records: Sequence[wire.Properties]) -> str:
    """Tell how many records there are, in the words of the simulators' variant."""
    if len(records) < 2:  # noqa: PLR2004  # one or none
        return ("none", "one")[len(records)]
    return "several"


def _active(records: Sequence[wire.Properties]) -> str:
    """Tell how many of several records are active; of one it would be a value."""
    if len(records) < 2:  # noqa: PLR2004  # one or none
        return "—"
    return _count([each for each in records if mapping.value_of(each, "mode") != "disabled"])


def _plain(value: Any, clean: Clean) -> bool:
    return isinstance(value, str) and value.isidentifier() and value.isascii() and clean(value)


def _media_type(content_type: str, clean: Clean) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    return kind if kind.replace("/", "").replace("-", "").isalnum() and clean(kind) else ""
