"""Collections and everything of an environment that is not a settings document (section 1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import found_answer
from imis_sso.api.callers import pair_for, require
from imis_sso.api.openapi import getting
from imis_sso.domain.access import Scope
from imis_sso.domain.problems import NotFound
from imis_sso.domain.resources import COLLECTIONS, PRODUCT_TITLES, PRODUCTS, RESOURCES, Product
from imis_sso.domain.violations import invalid
from imis_sso.services.recovery import recover
from imis_sso.services.status import status
from imis_sso.services.verify import verify

routes = APIRouter(prefix="/v1/environments")


def items(request: Request, entries: Iterable[tuple[str, str]]) -> Response:
    """Answer a collection: `id` and `name` of each item (contract section 1)."""
    listed: list[dict[str, Any]] = [{"id": key, "name": name} for key, name in entries]
    return found_answer(request, {"items": listed})


@routes.get("", tags=["environments"], **getting(schemas.COLLECTION, item="/v1/environments/{env}"))
async def environments(request: Request) -> Response:
    """List the caller's environments."""
    principal = require(request, Scope.READ)
    names = sorted(name for name in request.app.state.pairs if principal.sees(name))
    return items(request, [(name, name) for name in names])


@routes.get("/{env}", tags=["environments"], **getting(schemas.COLLECTION))
async def environment(request: Request, env: str) -> Response:
    """List what an environment has."""
    pair_for(request, env)
    parts = [(product, PRODUCT_TITLES[product]) for product in PRODUCTS]
    more = [
        ("changes", "Audit trail"),
        ("connectors", "Connectors"),
        ("emergency", "Emergency"),
        ("manual-steps", "Manual steps"),
        ("secrets", "Named secrets"),
        ("snapshots", "Snapshots"),
        ("status", "Status"),
        ("verification", "Verification"),
    ]
    return items(request, [*parts, *more])


@routes.get(
    "/{env}/secrets",
    tags=["secrets"],
    **getting(schemas.COLLECTION, item="/v1/environments/{env}/secrets/{name}"),
)
async def secrets(request: Request, env: str) -> Response:
    """List the names of the secrets that may be used; nothing is resolved."""
    return items(request, [(name, name) for name in pair_for(request, env).secrets.names()])


@routes.get(
    "/{env}/secrets/{name}",
    tags=["secrets"],
    **getting(schemas.SECRET, asks_products=True),
)
async def secret(request: Request, env: str, name: str) -> Response:
    """Give name and version of a named secret; never the secret (contract C20)."""
    pair = pair_for(request, env)
    if name not in pair.secrets.names():
        msg = f"There is no secret {name[:60]!r} in {env}; GET its /secrets lists them."
        raise NotFound(msg)
    version = pair.secrets.version(await pair.secrets.resolve(name))
    return found_answer(request, {"name": name, "version": version})


@routes.get(
    "/{env}/verification",
    tags=["verification"],
    **getting(schemas.VERIFICATION, "probe", asks_products=True),
)
async def verification(request: Request, env: str) -> Response:
    """Verify the pair: both products are read live, nothing is written (section 6)."""
    pair = pair_for(request, env)
    active = _is_active(request)
    await recover(pair)
    return found_answer(request, (await verify(pair, active=active)).as_dict(env))


def _is_active(request: Request) -> bool:
    """Tell whether active probes are asked for: they cost refused requests, so `apply` (C40)."""
    probe = request.query_params.get("probe", "passive")
    if probe not in ("passive", "active"):
        raise invalid("probe", f'is "{probe[:40]}"; it is passive or active')
    if probe == "active":
        require(request, Scope.APPLY)
    return probe == "active"


@routes.get("/{env}/status", tags=["environments"], **getting(schemas.STATUS))
async def environment_status(request: Request, env: str) -> Response:
    """Tell connectors, reach and last managed writes; the products are not asked (C3)."""
    return found_answer(request, await status(pair_for(request, env), request.app.state.deliveries))


def _collection(product: Product) -> None:
    async def collection(request: Request, env: str) -> Response:
        pair_for(request, env)
        found = [(each.name, each.summary) for each in RESOURCES if each.product == product]
        found += [(each.name, each.title) for each in COLLECTIONS if each.product == product]
        return items(request, found)

    routes.add_api_route(
        f"/{{env}}/{product}",
        collection,
        methods=["GET"],
        name=f"list_{product.replace('-', '_')}",
        summary=f"List the documents of {PRODUCT_TITLES[product]}.",
        tags=[product],
        **getting(schemas.COLLECTION),
    )


for _product in PRODUCTS:
    _collection(_product)
