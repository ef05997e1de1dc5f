"""Who calls, and what they may see (contract C40, C41)."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from imis_sso.domain.access import Origin, Principal, Scope
from imis_sso.domain.problems import Forbidden, NotFound, Unauthenticated
from imis_sso.services.pair import Pair

MAX_REASON: Final = 500


def principal_of(request: Request) -> Principal:
    """Give the caller; raises `Unauthenticated` where the entrance let nobody in."""
    principal = request.state.principal
    if not isinstance(principal, Principal):
        msg = "This needs a valid token."
        raise Unauthenticated(msg)
    return principal


def origin_of(request: Request) -> Origin:
    """Give where a request came from and the reason that it states (`X-Change-Reason`)."""
    reason = request.headers.get("x-change-reason", "")
    printable = "".join(each for each in reason if each.isprintable())
    claims = principal_of(request).claims
    return Origin(request.client.host if request.client else "", printable[:MAX_REASON], claims)


def require(request: Request, scope: Scope) -> Principal:
    """Raise `Forbidden` unless the caller has a scope."""
    principal = principal_of(request)
    if principal.allows(scope):
        return principal
    msg = f"This needs the scope {scope}; the token has {principal.scope}."
    raise Forbidden(msg)


def pair_for(request: Request, environment: str) -> Pair:
    """Give an environment of the caller's.

    A bound token gets 403 for every other environment, existing or not; an unbound one gets 404
    for an unknown one (contract C41).
    """
    principal = require(request, Scope.READ)
    if not principal.sees(environment):
        msg = "The token is bound to other environments."
        raise Forbidden(msg)
    pair = request.app.state.pairs.get(environment)
    if not isinstance(pair, Pair):
        msg = f"There is no environment {environment[:60]!r}; GET /v1/environments lists them."
        raise NotFound(msg)
    return pair
