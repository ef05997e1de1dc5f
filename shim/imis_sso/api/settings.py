"""The generic router: the whole contract for every settings document (contract section 1).

No handler names a product; the table of resources says everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import openapi
from imis_sso.api.answers import etags, read_answer, released_answer, write_answer
from imis_sso.api.body import parse_object, require_json
from imis_sso.api.callers import origin_of, pair_for, principal_of, require
from imis_sso.api.keys import no_such_key
from imis_sso.api.query import (
    DELETE_PARAMETERS,
    READ_PARAMETERS,
    WRITE_PARAMETERS,
    Query,
    parse,
    require_known,
)
from imis_sso.domain.access import Scope
from imis_sso.domain.merge import nulls_to_defaults
from imis_sso.domain.resources import RESOURCES, TEMPLATE, TEMPLATES, Destroy, Resource, find
from imis_sso.domain.validation import check_shape, inline_secret
from imis_sso.domain.violations import invalid
from imis_sso.services.deadline import Deadline
from imis_sso.services.items import existing
from imis_sso.services.order import Order
from imis_sso.services.pair import Pair
from imis_sso.services.read import read
from imis_sso.services.recovery import recover
from imis_sso.services.release import destroy_mode, release
from imis_sso.services.write import write

Handler = Callable[[Request, str], Awaitable[Response]]


def router() -> APIRouter:
    """Make the routes of every resource in the table, and of every kind of item."""
    routes = APIRouter(prefix="/v1/environments/{env}")
    for resource in (*RESOURCES, *TEMPLATES):
        _add(routes, resource, "GET", _get(resource))
        if not resource.read_only:
            _add(routes, resource, "PUT", _put(resource))
            _add(routes, resource, "PATCH", _patch(resource))
            _add(routes, resource, "DELETE", _delete(resource))
    return routes


def _add(routes: APIRouter, resource: Resource, method: str, handler: Handler) -> None:
    routes.add_api_route(
        f"/{resource.path}",
        handler,
        methods=[method],
        name=_name(resource, method),
        summary=resource.summary,
        tags=[resource.product],
        response_model=None,
        responses=openapi.responses(resource, method),
        openapi_extra=openapi.operation(resource, method),
    )


def _name(resource: Resource, method: str) -> str:
    path = resource.path.replace(f"/{TEMPLATE}", "")
    return f"{method.lower()}_{path.replace('/', '_').replace('-', '_')}"


def _asked(declared: Resource, request: Request) -> Resource:
    """Give the resource that a request is about: an item's by its key (contract C1)."""
    key = request.path_params.get("id")
    if key is None:
        return declared
    found = find(declared.path.replace(TEMPLATE, key))
    if found is None:
        raise no_such_key(request)
    return found


def _get(declared: Resource) -> Handler:
    async def get(request: Request, env: str) -> Response:
        pair, resource = pair_for(request, env), _asked(declared, request)
        query = parse(request.query_params, resource.document, READ_PARAMETERS)
        await recover(pair)
        reading = existing(pair, await read(pair, resource))
        return read_answer(reading, query, etags(request, "if-none-match"))

    return get


def _put(declared: Resource) -> Handler:
    async def put(request: Request, env: str) -> Response:
        resource = _asked(declared, request)
        pair, query = _write_request(request, env, resource, WRITE_PARAMETERS)
        body = parse_object(await _json(request))
        return await _write(request, pair, query, resource, body)

    return put


def _patch(declared: Resource) -> Handler:
    async def patch(request: Request, env: str) -> Response:
        resource = _asked(declared, request)
        pair, query = _write_request(request, env, resource, WRITE_PARAMETERS)
        body = parse_object(await _json(request))
        body = nulls_to_defaults(body, _resettable(resource))
        return await _write(request, pair, query, resource, body)

    return patch


def _delete(declared: Resource) -> Handler:
    async def delete(request: Request, env: str) -> Response:
        resource = _asked(declared, request)
        pair, query = _write_request(request, env, resource, DELETE_PARAMETERS)
        mode = destroy_mode(pair, resource, await _on_destroy(request, query))
        outcome = await release(pair, _order(request, pair, query, resource, {}), mode)
        if query.dry_run and outcome is not None:
            return write_answer(outcome, query)
        return released_answer(outcome)

    return delete


def _write_request(
    request: Request, env: str, resource: Resource, allowed: tuple[str, ...]
) -> tuple[Pair, Query]:
    """Read a write's parameters; what `force` needs is added to the route's decision (C14, C40)."""
    pair = pair_for(request, env)
    require_known(request.query_params, allowed)
    query = parse(request.query_params, resource.document, allowed)
    if query.force:
        require(request, Scope.ADMIN)
    return pair, query


async def _write(
    request: Request, pair: Pair, query: Query, resource: Resource, body: dict[str, Any]
) -> Response:
    secret = inline_secret(resource.document, body)
    if secret is not None:
        require(request, Scope.APPLY)
        keys = resource.document.secret
        body = {key: value for key, value in body.items() if keys is None or key != keys.inline}
    check_shape(resource.document, body)
    return write_answer(
        await write(pair, _order(request, pair, query, resource, body, secret=secret)), query
    )


def _order(
    request: Request,
    pair: Pair,
    query: Query,
    resource: Resource,
    declared: dict[str, Any],
    *,
    secret: Any = None,
) -> Order:
    return Order(
        resource=resource,
        declared=declared,
        who=principal_of(request).name,
        origin=origin_of(request),
        inline=secret,
        if_match=etags(request, "if-match"),
        must_match=pair.policy.strict_preconditions,
        dry_run=query.dry_run,
        force=query.force,
        active=principal_of(request).allows(Scope.APPLY),
        must_exist=request.method == "PATCH",
        deadline=Deadline(arrived=request.state.arrived),
    )


async def _json(request: Request) -> bytes:
    body = await request.body()
    require_json(request.headers.get("content-type") if body else None, request.method)
    return body


async def _on_destroy(request: Request, query: Query) -> str | None:
    """Read what DELETE shall do from the query or the body; both must agree (contract C5)."""
    body = parse_object(raw) if (raw := await request.body()) else {}
    unknown = [key for key in body if key != "on_destroy"]
    asked = body.get("on_destroy", query.on_destroy)
    if unknown or not isinstance(asked, str | None):
        detail = f'takes a body like {{"on_destroy": "{Destroy.RETAIN}"}} and no other key'
        raise invalid("on_destroy", detail)
    if query.on_destroy is not None and asked != query.on_destroy:
        raise invalid("on_destroy", "differs between query and body")
    return asked


def _resettable(resource: Resource) -> dict[str, Any]:
    """Give the defaults that a null in a merge patch stands for (contract C6).

    The mode and the secret's keys have none: null for them is refused.
    """
    defaults: dict[str, Any] = resource.document().model_dump()
    keys = resource.document.secret
    kept = {keys.ref, keys.version} if keys else set()
    if resource.gate is not None:
        kept.add("mode")
    return {key: value for key, value in defaults.items() if key not in kept}
