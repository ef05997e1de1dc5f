"""The history of an environment, and going back in it (contract section 1 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import WRITES_HEADER, found_answer, json_answer
from imis_sso.api.callers import MAX_REASON, origin_of, pair_for, require
from imis_sso.api.openapi import getting, posting
from imis_sso.api.paging import cursor_of, limit_of, page
from imis_sso.api.posted import posted_object
from imis_sso.api.query import flag
from imis_sso.domain.access import Origin, Scope
from imis_sso.domain.audit import moment
from imis_sso.domain.decisions import Decision
from imis_sso.domain.resources import COLLECTIONS, TEMPLATE, Resource, find
from imis_sso.domain.snapshots import Moment
from imis_sso.domain.violations import invalid
from imis_sso.services.past import snapshot as named
from imis_sso.services.recovery import recover
from imis_sso.services.restore import Restored, restore
from imis_sso.services.restore_parts import RESTORABLE, Wish

LAST: Final = 2**31 - 1
"""The largest number that a database's column of entries can have."""
KEYS: Final = ("reason", "resources", "expected")

routes = APIRouter(prefix="/v1/environments/{env}/snapshots", tags=["history"])


@routes.get("", **getting(schemas.MOMENTS, "cursor", "limit"))
async def snapshots(request: Request, env: str) -> Response:
    """List how the settings came to be what they are, the newest first."""
    pair, limit = pair_for(request, env), limit_of(request.query_params)
    cursor = cursor_of(request.query_params)
    before = None if cursor is None else min(cursor, LAST)
    found = await pair.history.moments(pair.name, before=before, limit=limit + 1)
    return found_answer(request, page([_item(each) for each in found], limit, "number"))


@routes.get("/{snapshot}", **getting(schemas.SNAPSHOT))
async def one_snapshot(request: Request, env: str, snapshot: str) -> Response:
    """Give the documents of a snapshot; of secrets it has the fingerprints (contract C20)."""
    found = await named(pair_for(request, env), snapshot)
    return found_answer(request, {"id": found.id, "documents": dict(found.documents)})


@routes.post(
    "/{snapshot}/restore",
    **posting(schemas.RESTORED, schemas.RESTORE, "dry_run", needs=Decision.RESTORE),
)
async def restore_snapshot(request: Request, env: str, snapshot: str) -> Response:
    """Bring the documents of a snapshot back; a dry run shows what that would change."""
    pair = pair_for(request, env)
    dry_run = flag(request.query_params, "dry_run")
    who = require(request, Scope.READ if dry_run else Scope.ADMIN).name
    body = _Body(await posted_object(request, KEYS), dry_run=dry_run)
    origin = origin_of(request)
    wish = Wish(
        snapshot=await named(pair, snapshot),
        who=who,
        origin=Origin(origin.address, body.reason or origin.reason, origin.claims),
        resources=body.resources,
        expected=body.expected,
        dry_run=dry_run,
    )
    wish.chosen()
    await recover(pair)
    done = await restore(pair, wish)
    return json_answer(_answer(wish, done), headers={WRITES_HEADER: str(done.writes)})


def _item(entry: Moment) -> dict[str, Any]:
    return {
        "id": entry.snapshot,
        "number": entry.number,
        "at": moment(entry.at),
        "cause": entry.cause.value,
        "resource": entry.resource,
        "who": entry.who,
        "seq": entry.seq,
    }


def _answer(wish: Wish, done: Restored) -> dict[str, Any]:
    return {
        "snapshot": wish.snapshot.id,
        "before": done.before,
        "writes": done.writes,
        "documents": [
            {
                "resource": each.resource.path,
                "etag": done.readings[each.resource.path].etag,
                "secret": each.secret.fate.value,
                "changes": [change.as_dict() for change in each.changes],
            }
            for each in done.plan.pieces
        ],
        "steps": [
            {"resource": each.resource.path, "mode": each.declared.get("mode")}
            for each in done.plan.steps
        ],
        "gates": list(done.plan.gates),
        "undecided": list(done.plan.undecided) if wish.dry_run else [],
        "notices": list(done.notices),
    }


class _Body:
    """The body of a restore. Raises `InvalidSettings`."""

    def __init__(self, body: Mapping[str, Any], *, dry_run: bool) -> None:
        self.reason = _reason(body.get("reason", "" if dry_run else None), dry_run=dry_run)
        self.resources = _resources(body["resources"]) if "resources" in body else None
        self.expected = _expected(body.get("expected", {}))


ITEMS = tuple(each.item(TEMPLATE) for each in COLLECTIONS)


def _reason(value: object, *, dry_run: bool) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not isinstance(value, str) or not (text or dry_run):
        raise invalid("reason", "must say in a text why the snapshot is restored")
    if len(text) > MAX_REASON or not all(each.isprintable() for each in text):
        raise invalid("reason", f"must be at most {MAX_REASON} printable characters")
    return text


def _resources(value: object) -> tuple[Resource, ...]:
    paths = value if isinstance(value, list) else [None]
    found = [find(each) if isinstance(each, str) else None for each in paths]
    able = [each for each in found if each and (each in RESTORABLE or _is_item(each))]
    if not paths or len(able) != len(paths):
        known = [*sorted(each.path for each in RESTORABLE), *(each.path for each in ITEMS)]
        raise invalid("resources", f"must be a list of some of {', '.join(known)}")
    return tuple(able)


def _is_item(resource: Resource) -> bool:
    return bool(resource.record.item) and not resource.read_only


def _expected(value: object) -> Mapping[str, str]:
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        return value
    raise invalid("expected", "must be an object of ETags by path, as the dry run gave them")
