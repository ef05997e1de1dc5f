"""What is open to everybody: liveness, readiness, version (contract section 1)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import imis_sso
from imis_sso.api import schemas
from imis_sso.api.answers import json_answer
from imis_sso.api.openapi import open_to_all

routes = APIRouter(tags=["service"])


@routes.get("/livez", **open_to_all(schemas.HEALTH))
async def livez() -> Response:
    """Tell that the process answers."""
    return json_answer({"status": "ok"})


@routes.get("/v1/healthz", **open_to_all(schemas.HEALTH))
async def healthz() -> Response:
    """Tell that the process answers, for providers that test a path first."""
    return json_answer({"status": "ok"})


@routes.get("/readyz", **open_to_all(schemas.HEALTH))
async def readyz(request: Request) -> Response:
    """Tell whether the store can be used; no names, no product is asked (contract C3)."""
    ready = await request.app.state.ready()
    return json_answer({"status": "ok" if ready else "unavailable"}, 200 if ready else 503)


@routes.get("/version", **open_to_all(schemas.VERSION))
async def version() -> Response:
    """Tell the version of the service."""
    return json_answer({"name": "imis-sso", "version": imis_sso.__version__})
