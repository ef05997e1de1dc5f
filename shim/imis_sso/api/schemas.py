"""Schemas of the answers that are no settings documents (contract sections 1, 4 and 6)."""

from __future__ import annotations

from typing import Any, Final

from imis_sso.domain.attestation import SignIn
from imis_sso.domain.audit import Kind
from imis_sso.domain.snapshots import Cause
from imis_sso.domain.verdicts import Status
from imis_sso.services.restored_secret import Fate

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_TRUTH: Final[Schema] = {"type": "boolean"}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}


def _exactly(**properties: Schema) -> Schema:
    """Give the schema of an object that has these keys and no others."""
    return {
        "type": "object",
        "required": sorted(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def write_only(label: str) -> Schema:
    """Give the schema of a secret that may be sent and is never answered (contract C24)."""
    return {"type": "string", "writeOnly": True, "title": label}


META: Final[Schema] = {
    "type": "object",
    "description": "Only with `include=meta` (C8, C15).",
    "required": ["etag", "unreachable"],
    "additionalProperties": False,
    "properties": {
        "etag": _TEXT,
        "unreachable": _TEXTS,
        "changes": _list_of(_exactly(field=_TEXT, before={}, after={})),
        "gates": _TEXTS,
        "undecided": _TEXTS,
        "notices": _TEXTS,
    },
}
COLLECTION: Final = _exactly(items=_list_of(_exactly(id=_TEXT, name=_TEXT)))
COLLECTION_OF_RECORDS: Final = _exactly(
    items=_list_of(_exactly(id=_TEXT, name=_TEXT)),
) | {"required": ["items"]}
COLLECTION_OF_RECORDS["properties"]["unbound"] = _list_of(_exactly(name=_TEXT, record=_TEXT))
BINDING: Final = _exactly(id=_TEXT, record=_TEXT, name=_TEXT, issuer=_TEXT, client_id=_TEXT)
BINDING_WANTED: Final = {
    "type": "object",
    "description": "The record by its name, or by its id where several have the name.",
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "record": {"type": "string", "minLength": 1},
    },
}
HEALTH: Final = _exactly(status={"type": "string", "enum": ["ok", "unavailable"]})
VERSION: Final = _exactly(name=_TEXT, version=_TEXT)
SECRET: Final = _exactly(name=_TEXT, version=_TEXT)
VERIFICATION: Final = _exactly(
    environment=_TEXT,
    passed=_TRUTH,
    proof={"type": "string", "enum": ["passive", "active"]},
    checks=_list_of(
        _exactly(
            id=_TEXT,
            status={"type": "string", "enum": [each.value for each in Status]},
            detail=_TEXT,
            fields=_TEXTS,
            remedy=_TEXT,
        )
    ),
)
HOLD: Final = _exactly(reason=_TEXT, who=_TEXT, since={"type": "string", "format": "date-time"})
_MODE: Final[Schema] = {"type": "string", "enum": ["disabled", "test_mode", "enabled"]}
_MODE_OR_UNKNOWN: Final[Schema] = {"type": "string", "enum": [*_MODE["enum"], "unknown"]}
_REASON: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 500}
EMERGENCY: Final = _exactly(
    environment=_TEXT,
    mode=_MODE_OR_UNKNOWN,
    hold=_or_null(HOLD),
    broken=_TRUTH,
    checks=VERIFICATION["properties"]["checks"],
    sign_in=_list_of(_exactly(mode=_MODE, now=_TRUTH, who=_TEXT)),
    notices=_TEXTS,
)
PULLED: Final = _exactly(
    environment=_TEXT,
    outcome={"type": "string", "enum": ["not-asked", "lowered", "already", "failed"]},
    mode=_MODE_OR_UNKNOWN,
    hold=_or_null(HOLD),
    detail=_TEXT,
    manual_step=_or_null(_TEXT),
    notices=_TEXTS,
)
RELEASED: Final = _exactly(environment=_TEXT, released=_or_null(HOLD))
REASON: Final = _exactly(reason=_REASON)
PULL: Final[Schema] = {
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": {
        "reason": _REASON,
        "mode": {"type": "string", "enum": ["disabled", "test_mode"]},
        "hold": {"type": "boolean", "default": True},
    },
}
_OUTCOME: Final[Schema] = {"type": "string", "enum": [each.value for each in SignIn]}
_SEEN_TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 2000}
ATTESTATION: Final = _exactly(
    at=_MOMENT,
    client_id=_TEXT,
    digest=_TEXT,
    outcome=_OUTCOME,
    redirect_url=_TEXT,
    who=_TEXT,
)
CURRENT_ATTESTATION: Final = _exactly(
    environment=_TEXT,
    mode=_MODE,
    required=_TRUTH,
    sign_in_url=_TEXT,
    authority_url=_TEXT,
    client_id=_TEXT,
    redirect_url=_TEXT,
    digest=_TEXT,
    attestation=_or_null(ATTESTATION),
)
SEEN: Final[Schema] = {
    "type": "object",
    "required": ["client_id", "outcome", "redirect_url"],
    "additionalProperties": False,
    "properties": {
        "client_id": _SEEN_TEXT,
        "digest": _SEEN_TEXT,
        "outcome": _OUTCOME,
        "redirect_url": _SEEN_TEXT,
    },
}
DOORS: Final = _list_of(
    _exactly(
        connector=_TEXT,
        state={
            "type": "string",
            "enum": ["serves", "next", "closed", "cannot-reach", "not-permitted"],
        },
        detail=_TEXT,
        since=_or_null(_MOMENT),
        again=_or_null(_MOMENT),
        circuit={"type": "string", "enum": ["closed", "open", "half-open", ""]},
    )
)
STATUS: Final = _exactly(
    environment=_TEXT,
    production=_TRUTH,
    writes={"type": "string", "enum": ["allowed", "refused"]},
    audit_sinks=_list_of(_exactly(name=_TEXT, waiting={"type": "integer"}, failing=_TEXT)),
    hold=_or_null(HOLD),
    expiry=_list_of(
        _exactly(
            secret=_TEXT,
            expires={"type": "string", "format": "date"},
            status={"type": "string", "enum": ["passed", "warning", "failed"]},
        )
    ),
    logins=_list_of(
        _exactly(
            product=_TEXT,
            status={"type": "string", "enum": ["none", "kept", "ends-soon", "ended"]},
            who=_TEXT,
            since=_or_null(_MOMENT),
            ends=_or_null(_MOMENT),
        )
    ),
    products=_list_of(
        _exactly(
            product=_TEXT,
            circuit={"type": "string", "enum": ["closed", "open", "half-open"]},
            since={"type": "string", "format": "date-time"},
            last_failure=_or_null(_TEXT),
        )
    ),
    pages=_list_of(
        _exactly(
            page=_TEXT,
            fingerprint=_TEXT,
            accepted_by=_or_null(_TEXT),
            accepted_at=_or_null(_MOMENT),
            changes=_TEXTS,
        )
    ),
    rehearsals=_list_of(
        _exactly(connector=_TEXT, version=_TEXT, passed=_TRUTH, who=_TEXT, when=_or_null(_MOMENT))
    ),
    resources=_list_of(
        _exactly(
            resource=_TEXT,
            connector=_TEXT,
            doors=DOORS,
            capability={"type": "string", "enum": ["read", "read-write"]},
            unreachable=_TEXTS,
            unaccepted=_TEXTS,
            managed=_TRUTH,
            last_managed_write=_or_null(_exactly(who=_TEXT, when=_MOMENT)),
            pending_manual_step=_or_null(_TEXT),
        )
    ),
)
CONNECTORS: Final = _exactly(
    items=_list_of(
        _exactly(
            resource=_TEXT,
            connector=_TEXT,
            doors=DOORS,
            unreachable=_TEXTS,
            unaccepted=_TEXTS,
            lost=_TEXTS,
            accepted_by=_TEXT,
            accepted_at=_or_null(_MOMENT),
        )
    )
)
NOTHING: Final[Schema] = {"type": "object", "additionalProperties": False, "maxProperties": 0}
STEP: Final = _exactly(
    id=_TEXT,
    number={"type": "integer", "minimum": 1},
    resource=_TEXT,
    product=_TEXT,
    state={"type": "string", "enum": ["pending", "confirmed", "superseded"]},
    who=_TEXT,
    at=_MOMENT,
    detail=_TEXT,
    instructions=_list_of(_exactly(field=_TEXT, detail=_TEXT)),
    confirmed_by=_TEXT,
    done_at=_or_null(_MOMENT),
    checks=_list_of(_exactly(id=_TEXT, status=_TEXT, detail=_TEXT)),
)
STEPS: Final = _exactly(items=_list_of(STEP), next=_TEXT)
CONFIRM: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "documents": {
            "type": "object",
            "description": "With `present`: what the product holds, by path, every field.",
            "additionalProperties": {"type": "object"},
        }
    },
}
CONFIRMED: Final = _exactly(
    documents=_TEXTS, step=_or_null(STEP), checks=VERIFICATION["properties"]["checks"]
)
_SEQ: Final[Schema] = {"type": "integer", "minimum": 1}
_LINE: Final = _exactly(
    v={"type": "integer"},
    environment=_TEXT,
    seq=_SEQ,
    at=_MOMENT,
    kind={"type": "string", "enum": [each.value for each in Kind]},
    who=_TEXT,
    resource=_TEXT,
    write=_TEXT,
    facts={"type": "object"},
    prev=_TEXT,
    hash=_TEXT,
    **{
        "from": _exactly(
            address=_TEXT,
            claims={"type": "object", "additionalProperties": _TEXT},
            stated_reason=_TEXT,
        )
    },
)
CHANGES: Final = _exactly(items=_list_of(_LINE), next=_TEXT)
CHECKPOINT: Final = _exactly(
    checkpoint=_or_null(
        _exactly(
            checkpoint={"type": "integer"},
            environment=_TEXT,
            seq=_SEQ,
            hash=_TEXT,
            at=_MOMENT,
            key=_TEXT,
            signature=_TEXT,
        )
    ),
    public_key=_TEXT,
)
_DOCUMENTS: Final[Schema] = {"type": "object", "description": "Documents by path."}
MOMENTS: Final = _exactly(
    items=_list_of(
        _exactly(
            id=_TEXT,
            number=_SEQ,
            at=_MOMENT,
            cause={"type": "string", "enum": [each.value for each in Cause]},
            resource=_TEXT,
            who=_TEXT,
            seq=_SEQ,
        )
    ),
    next=_TEXT,
)
SNAPSHOT: Final = _exactly(id=_TEXT, documents=_DOCUMENTS)
RESTORE: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "reason": _TEXT | {"description": "Why; may be left out only in a dry run."},
        "resources": _TEXTS | {"description": "Documents to restore; all without it."},
        "expected": {
            "type": "object",
            "description": "ETags by path, as a dry run answered them.",
            "additionalProperties": _TEXT,
        },
    },
}
RESTORED: Final = _exactly(
    snapshot=_TEXT,
    before=_TEXT,
    writes={"type": "integer"},
    documents=_list_of(
        _exactly(
            resource=_TEXT,
            etag=_TEXT,
            secret={"type": "string", "enum": [each.value for each in Fate]},
            changes=_list_of(_exactly(field=_TEXT, before={}, after={})),
        )
    ),
    steps=_list_of(_exactly(resource=_TEXT, mode=_or_null(_TEXT))),
    gates=_TEXTS,
    undecided=_TEXTS,
    notices=_TEXTS,
)
PROBLEM: Final[Schema] = {
    "type": "object",
    "required": ["detail", "type", "title", "errors", "request_id"],
    "properties": {
        "detail": _TEXT,
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "errors": _list_of(
            {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": _TEXT, "detail": _TEXT, "canonical": _TEXT},
            }
        ),
        "request_id": _TEXT,
    },
}
