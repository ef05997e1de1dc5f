"""Emergencies: what is broken, down with the mode, the hold and its release (contract 1.2)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import WRITES_HEADER, json_answer
from imis_sso.api.callers import MAX_REASON, origin_of, pair_for, principal_of
from imis_sso.api.openapi import getting, posting
from imis_sso.api.posted import line, posted
from imis_sso.domain.decisions import Decision
from imis_sso.domain.violations import invalid
from imis_sso.services.emergency import Caller, pull, release_hold, report

routes = APIRouter(prefix="/v1/environments", tags=["emergency"])

LOWER_TO: Final = ("disabled", "test_mode")
_PULL: Final = ("mode", "hold", "reason")
_RELEASE: Final = ("reason",)


@routes.get("/{env}/emergency", **getting(schemas.EMERGENCY, asks_products=True))
async def look(request: Request, env: str) -> Response:
    """Tell within 20 seconds what is broken and who can sign in at each mode; writes nothing."""
    return json_answer((await report(pair_for(request, env))).as_dict())


@routes.post("/{env}/emergency", **posting(schemas.PULLED, schemas.PULL, needs=Decision.APPLY))
async def brake(request: Request, env: str) -> Response:
    """Set the hold, and lower the mode if it is higher than asked; raises it never."""
    pair = pair_for(request, env)
    body = await posted(request, _PULL)
    mode, hold = body.get("mode"), body.get("hold", True)
    if mode is not None and mode not in LOWER_TO:
        raise invalid("mode", f"must be one of {', '.join(LOWER_TO)}")
    if not isinstance(hold, bool):
        raise invalid("hold", "must be true or false")
    if mode is None and not hold:
        raise invalid("mode", "must be given where no hold is to be set")
    pulled = await pull(pair, _caller(request, body), mode=mode, hold=hold)
    return json_answer(pulled.as_dict(), headers={WRITES_HEADER: str(pulled.writes)})


@routes.post(
    "/{env}/hold/release", **posting(schemas.RELEASED, schemas.REASON, needs=Decision.ADMIN)
)
async def release(request: Request, env: str) -> Response:
    """Release the hold, with a reason; `released` is null where none stood."""
    pair = pair_for(request, env)
    body = await posted(request, _RELEASE)
    hold = await release_hold(pair, _caller(request, body))
    return json_answer({"environment": env, "released": hold and hold.as_dict()})


def _caller(request: Request, body: dict[str, Any]) -> Caller:
    reason = line(body, "reason", MAX_REASON).strip()
    return Caller(principal_of(request).name, reason, origin_of(request))
