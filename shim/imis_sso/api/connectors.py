"""Who serves each document, why, and what of its reach was accepted (contract 1.1)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import found_answer, json_answer
from imis_sso.api.callers import origin_of, pair_for, principal_of
from imis_sso.api.openapi import getting, posting
from imis_sso.api.posted import posted
from imis_sso.domain.decisions import Decision
from imis_sso.services.serving import accept, everywhere

routes = APIRouter(prefix="/v1/environments/{env}/connectors", tags=["connectors"])


@routes.get("", **getting(schemas.CONNECTORS))
async def connectors(request: Request, env: str) -> Response:
    """Tell who serves each document and what it reaches; the products are not asked (C3)."""
    found = await everywhere(pair_for(request, env))
    return found_answer(request, {"items": [each.as_dict() for each in found]})


@routes.post("/accept", **posting(schemas.CONNECTORS, schemas.NOTHING, needs=Decision.ADMIN))
async def accept_reach(request: Request, env: str) -> Response:
    """Accept, for every document, exactly what its connector reaches now; lists what changed."""
    pair = pair_for(request, env)
    await posted(request, ())
    changed = await accept(pair, principal_of(request).name, origin_of(request))
    return json_answer({"items": [each.as_dict() for each in changed]})
