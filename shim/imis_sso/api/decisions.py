"""Every route meets its own decision before its handler (contract C40, targets S2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from imis_sso.api.callers import require
from imis_sso.domain.decisions import Decision, decision_in

FRAMEWORK: Final = {"/openapi.json": Decision.OPEN}
"""Routes that FastAPI makes by itself and that cannot say anything about themselves."""


def decision_of(route: BaseRoute) -> Decision:
    """Give the decision that a route states; raises LookupError where it states none."""
    path = getattr(route, "path", "")
    found = decision_in(getattr(route, "openapi_extra", None)) or FRAMEWORK.get(path)
    if found is None:
        msg = f"the route {path!r} does not say who may call it: see Decision.stated"
        raise LookupError(msg)
    return found


def enforce(routes: Iterable[BaseRoute]) -> None:
    """Put every route behind its decision; raises LookupError where one states none."""
    for route in routes:
        decision = decision_of(route)
        if isinstance(route, Route) and not isinstance(route.app, _Door):
            route.app = _Door(route.app, decision)


class Openings:
    """The addresses of the routes that are open to everybody."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        opened = [str(getattr(each, "path", "")) for each in routes if _is_open(each)]
        self._paths = frozenset(opened)
        # Below such a prefix everything is open, so that a wrong name there is a plain 404.
        self._prefixes = tuple(each.partition("{")[0] for each in opened if "{" in each)

    def __contains__(self, path: object) -> bool:
        """Tell whether a path needs no token."""
        return path in self._paths or str(path).startswith(self._prefixes)


def _is_open(route: BaseRoute) -> bool:
    return decision_of(route) is Decision.OPEN


class _Door:
    """The application of a route, for callers with the scope that its decision asks for."""

    def __init__(self, app: ASGIApp, decision: Decision) -> None:
        self._app, self._decision = app, decision

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; raises `Unauthenticated` and `Forbidden` in place of it."""
        request = Request(scope)
        asked = request.query_params.getlist("dry_run")
        needed = self._decision.scope(dry_run=asked == ["true"])
        if needed is not None:
            require(request, needed)
        await self._app(scope, receive, send)
