"""The audit trail, page by page (contract section 1: `/changes`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import found_answer
from imis_sso.api.callers import pair_for
from imis_sso.api.openapi import getting
from imis_sso.api.paging import cursor_of, limit_of, page
from imis_sso.domain.audit import Kind, Result, Selection
from imis_sso.domain.violations import invalid
from imis_sso.services.recovery import recover

routes = APIRouter(prefix="/v1/environments/{env}/changes", tags=["history"])

ORDERS: Final = ("newest", "oldest")
PARAMETERS: Final = (
    "cursor",
    "limit",
    "order",
    "resource",
    "who",
    "kind",
    "result",
    "write",
    "since",
    "until",
)


@routes.get("", **getting(schemas.CHANGES, *PARAMETERS))
async def changes(request: Request, env: str) -> Response:
    """List who changed what, when, from where and why: the lines of the audit trail."""
    pair, params = pair_for(request, env), request.query_params
    limit, selection = limit_of(params), _selection(params)
    await recover(pair)
    lines = await pair.journal.lines(selection, limit + 1)
    return found_answer(request, page([each.as_dict() for each in lines], limit, "seq"))


@routes.get("/checkpoint", **getting(schemas.CHECKPOINT))
async def checkpoint(request: Request, env: str) -> Response:
    """Give the last signed checkpoint, to be kept outside, and the key that proves it."""
    found = await pair_for(request, env).journal.trail.last_checkpoint(env)
    public_key = request.app.state.public_key
    return found_answer(
        request, {"checkpoint": found and found.as_dict(), "public_key": public_key}
    )


def _selection(params: QueryParams) -> Selection:
    return Selection(
        resource=params.get("resource", ""),
        who=params.get("who", ""),
        kind=_among(params, "kind", [each.value for each in Kind]),
        result=_among(params, "result", [each.value for each in Result]),
        write=params.get("write", ""),
        since=_moment(params, "since"),
        until=_moment(params, "until"),
        beyond=cursor_of(params),
        newest_first=(_among(params, "order", ORDERS) or "newest") == "newest",
    )


def _among(params: QueryParams, name: str, known: tuple[str, ...] | list[str]) -> str:
    value = params.get(name, "")
    if name in params and value not in known:
        raise invalid(name, f"must be one of {', '.join(known)}")
    return value


def _moment(params: QueryParams, name: str) -> datetime | None:
    text = params.get(name, "")
    try:
        # "+" in an address reads as a space.
        found = datetime.fromisoformat(text.replace(" ", "+")) if name in params else None
    except ValueError:
        raise invalid(name, "must be a time such as 2026-01-31T12:00:00Z") from None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
