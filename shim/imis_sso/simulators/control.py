"""The control API under `/_control/`: what a person could do at a product's console, as JSON.

It asks for no credentials and shows secrets in clear: the servers listen on loopback only, and
everything they hold is made up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from imis_sso.simulators.faults import Fault
from imis_sso.simulators.gate import CONTROL_PATH, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from imis_sso.simulators.product import Product


def control_routes(product: Product) -> list[BaseRoute]:
    """Give the control API's routes for one product."""
    control = _Control(product)
    return [
        _route("GET", "state", control.state),
        _route("PATCH", "state", _explained(control.patch_state)),
        _route("GET", "counters", control.counters),
        _route("POST", "reset", control.reset),
        _route("GET", "faults", control.list_faults),
        _route("PUT", "faults", _explained(control.replace_faults)),
        _route("POST", "faults", _explained(control.add_fault)),
        _route("DELETE", "faults", control.clear_faults),
        _route("GET", "variant", control.variant),
        _route("PATCH", "variant", _explained(control.patch_variant)),
        _route("GET", "sign-ins", control.sign_ins),
        _route("POST", "expire-sessions", control.expire_sessions),
    ]


def action_route(name: str, action: Callable[[], object]) -> BaseRoute:
    """Give a control route `POST /_control/<name>` that does one thing and answers its result."""

    async def endpoint(_request: Request) -> Response:
        return JSONResponse(action())

    return _route("POST", name, endpoint)


def _route(method: str, name: str, endpoint: Endpoint) -> Route:
    return Route(f"{CONTROL_PATH}/{name}", endpoint, methods=[method])


def _explained(endpoint: Endpoint) -> Endpoint:
    """Answer 422 with the reason where a request cannot be carried out."""

    async def explained(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (TypeError, ValueError) as error:
            return JSONResponse({"detail": str(error)}, status_code=422)

    return explained


async def _object(request: Request) -> dict[str, Any]:
    document = json.loads(await request.body())
    if not isinstance(document, dict):
        message = "a JSON object is expected"
        raise TypeError(message)
    return document


class _Control:
    def __init__(self, product: Product) -> None:
        self._product = product

    async def state(self, _request: Request) -> Response:
        return JSONResponse(self._product.state())

    async def patch_state(self, request: Request) -> Response:
        self._product.patch(await _object(request))
        return JSONResponse(self._product.state())

    async def counters(self, _request: Request) -> Response:
        return JSONResponse(self._product.counters.as_dict())

    async def reset(self, request: Request) -> Response:
        self._product.reset(state=request.query_params.get("state") == "true")
        return Response(status_code=204)

    async def list_faults(self, _request: Request) -> Response:
        return JSONResponse([fault.as_dict() for fault in self._product.faults.all()])

    async def replace_faults(self, request: Request) -> Response:
        documents = json.loads(await request.body())
        if not isinstance(documents, list):
            message = "a JSON list of faults is expected"
            raise TypeError(message)
        self._product.faults.replace(Fault.from_json(document) for document in documents)
        return await self.list_faults(request)

    async def add_fault(self, request: Request) -> Response:
        self._product.faults.add(Fault.from_json(await _object(request)))
        return await self.list_faults(request)

    async def clear_faults(self, _request: Request) -> Response:
        self._product.faults.clear()
        return Response(status_code=204)

    async def variant(self, _request: Request) -> Response:
        return JSONResponse(self._product.variant.as_dict())

    async def patch_variant(self, request: Request) -> Response:
        self._product.change_variant(await _object(request))
        return JSONResponse(self._product.variant.as_dict())

    async def sign_ins(self, _request: Request) -> Response:
        return JSONResponse(self._product.sign_ins.as_list())

    async def expire_sessions(self, _request: Request) -> Response:
        self._product.expire_sessions()
        return Response(status_code=204)
