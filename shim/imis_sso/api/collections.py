"""Collections of settings documents: the list, and which record a key stands for (contract 1.3).

No handler names a product; the table of collections says everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import found_answer, json_answer
from imis_sso.api.callers import origin_of, pair_for, principal_of
from imis_sso.api.keys import no_such_key
from imis_sso.api.openapi import KEY_PARAMETER, getting, posting
from imis_sso.api.posted import posted
from imis_sso.api.query import require_known
from imis_sso.domain.bindings import Binding, Entry
from imis_sso.domain.decisions import Decision
from imis_sso.domain.resources import COLLECTIONS, TEMPLATE, Collection, Resource
from imis_sso.domain.violations import invalid
from imis_sso.services.binding import bind, binding_of, known, listed, unbind

Handler = Callable[..., Awaitable[Response]]
BODY: Final = ("name", "record")
UNBOUND: Final = "unbound"
_LIST: Final = "List what goes by a key, as seen last; include=unbound reads live."
_GET: Final = "Tell which record of the product a key stands for; the product is not asked."
_POST: Final = "Bind a key to a record that is there. The product is read, not written."
_DELETE: Final = "Forget which record a key stands for; the product keeps it."


def router() -> APIRouter:
    """Make the routes of every collection in the table."""
    routes = APIRouter(prefix="/v1/environments/{env}")
    for collection in COLLECTIONS:
        _add(routes, collection)
    return routes


def _add(routes: APIRouter, one: Collection) -> None:
    address, name = f"/{one.path}/{TEMPLATE}/binding", one.path.replace("/", "_").replace("-", "_")
    listing = getting(schemas.COLLECTION_OF_RECORDS, asks_products=True)
    bound = posting(schemas.BINDING, schemas.BINDING_WANTED, needs=Decision.APPLY)
    for path, method, handler, summary, said in (
        (f"/{one.path}", "GET", _list(one), f"{_LIST} {one.title}", listing),
        (address, "GET", _get(one), _GET, _keyed(getting(schemas.BINDING))),
        (address, "POST", _post(one), _POST, _keyed(bound)),
        (address, "DELETE", _delete(one), _DELETE, _keyed(_deleting())),
    ):
        ending = "_binding" if path == address else "_list"
        routes.add_api_route(
            path,
            handler,
            methods=[method],
            name=f"{method.lower()}_{name}{ending}",
            summary=summary,
            tags=[one.product],
            **said,
        )


def _keyed(said: dict[str, Any]) -> dict[str, Any]:
    extra = said["openapi_extra"]
    parameters = [*extra.get("parameters", ()), KEY_PARAMETER]
    return said | {"openapi_extra": extra | {"parameters": parameters}}


def _deleting() -> dict[str, Any]:
    said = posting(schemas.BINDING, {}, needs=Decision.APPLY)
    extra = {key: value for key, value in said["openapi_extra"].items() if key != "requestBody"}
    answers = {status: each for status, each in said["responses"].items() if status != 200}  # noqa: PLR2004
    answers[204] = {"description": "Bound to nothing; nothing is answered."}
    return said | {"openapi_extra": extra, "responses": answers}


def _list(collection: Collection) -> Handler:
    async def records(request: Request, env: str) -> Response:
        pair = pair_for(request, env)
        live = request.query_params.get("include") == UNBOUND
        found = await (listed if live else known)(pair, collection)
        items = [{"id": each.key, "name": each.entry.name} for each in found if each.key]
        if not live:
            return found_answer(request, {"items": items})
        others = [
            {"name": each.entry.name, "record": each.entry.record} for each in found if not each.key
        ]
        return found_answer(request, {"items": items, UNBOUND: others})

    return records


def _get(collection: Collection) -> Handler:
    async def binding(request: Request, env: str) -> Response:
        found = await binding_of(pair_for(request, env), _item(collection, request))
        return found_answer(request, _shown(request, found))

    return binding


def _post(collection: Collection) -> Handler:
    async def binding(request: Request, env: str) -> Response:
        pair, item = pair_for(request, env), _item(collection, request)
        body = await posted(request, BODY)
        who, origin = principal_of(request).name, origin_of(request)
        return json_answer(_shown(request, await bind(pair, item, _wanted(body), who, origin)))

    return binding


def _delete(collection: Collection) -> Handler:
    async def binding(request: Request, env: str) -> Response:
        pair, item = pair_for(request, env), _item(collection, request)
        require_known(request.query_params, ())
        await unbind(pair, item, principal_of(request).name, origin_of(request))
        return Response(status_code=204)

    return binding


def _item(collection: Collection, request: Request) -> Resource:
    found = collection.find(f"{collection.path}/{request.path_params['id']}")
    if found is None or found.read_only:
        raise no_such_key(request)
    return found


def _wanted(body: dict[str, Any]) -> Entry:
    record, name = body.get("record", ""), body.get("name", "")
    if not isinstance(record, str) or not isinstance(name, str) or bool(record) == bool(name):
        raise invalid("name", "or record must be given, one of the two, as a text")
    return Entry(record, name)


def _shown(request: Request, binding: Binding) -> dict[str, Any]:
    return {"id": request.path_params["id"], **binding.as_dict()}
