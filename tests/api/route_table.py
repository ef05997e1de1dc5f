"""Every route of the running application with the decision that it states about itself."""

from __future__ import annotations

import re
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from imis_sso.api.decisions import decision_of
from imis_sso.domain.decisions import Decision

Operation = tuple[str, str]
#: Values for the parts of a path; whatever is not named here is something that does not exist.
PARTS = {"name": "partner", "slug": "busy"}


def decisions(app: FastAPI) -> dict[Operation, Decision]:
    """Give every method and path of the application; a nested router would hide its routes."""
    found = {}
    for route in app.router.routes:
        assert isinstance(route, Route | APIRoute), route
        for method in sorted((route.methods or set()) - {"HEAD"}):
            found[method, route.path] = decision_of(route)
    return found


def guarded(app: FastAPI) -> list[tuple[str, str, Decision]]:
    """Give every operation that needs a token."""
    return [
        (method, path, decision)
        for (method, path), decision in sorted(decisions(app).items())
        if decision is not Decision.OPEN
    ]


def address(path: str, environment: str = "test") -> str:
    """Fill in the parts of a path."""
    filled = path.replace("{env}", environment)
    return re.sub(r"{(\w+)(:\w+)?}", lambda part: PARTS.get(part[1], "nothing"), filled)


async def ask(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    environment: str = "test",
    **params: Any,
) -> httpx.Response:
    """Send a request that gets through every check of the caller and then does nothing.

    Bodies have a key that no document knows; there is nothing of the names in the path.
    """
    content = b'{"nmae":1}' if method in ("PUT", "PATCH", "POST") else b""
    url = address(path, environment)
    return await client.request(method, url, content=content, params=params)
