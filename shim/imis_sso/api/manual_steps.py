"""Steps that a person does: listed, shown, confirmed (contract section 1)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import found_answer, json_answer
from imis_sso.api.callers import origin_of, pair_for, principal_of, require
from imis_sso.api.openapi import getting, posting
from imis_sso.api.paging import cursor_of, limit_of, page
from imis_sso.api.posted import posted_object
from imis_sso.api.query import flags
from imis_sso.domain.access import Scope
from imis_sso.domain.decisions import Decision
from imis_sso.domain.manual_steps import PRESENT, Step
from imis_sso.domain.violations import invalid
from imis_sso.services.confirming import confirm, evidence
from imis_sso.services.manual_steps import Person, steps_of
from imis_sso.services.presence import present

routes = APIRouter(prefix="/v1/environments/{env}/manual-steps", tags=["manual-steps"])

_STATES: Final = ("pending", "confirmed", "superseded")


@routes.get("", **getting(schemas.STEPS, "cursor", "limit", "state"))
async def steps(request: Request, env: str) -> Response:
    """List the steps that people were asked for, the newest first."""
    pair, params = pair_for(request, env), request.query_params
    limit, cursor, state = limit_of(params), cursor_of(params), params.get("state", "")
    if "state" in params and state not in _STATES:
        raise invalid("state", f"must be one of {', '.join(_STATES)}")
    found = [
        each.as_dict()
        for each in await steps_of(pair).all()
        if (cursor is None or each.number < cursor) and state in ("", each.state)
    ]
    return found_answer(request, page(found[: limit + 1], limit, "number"))


@routes.get("/{step}", **getting(schemas.STEP))
async def one_step(request: Request, env: str, step: str) -> Response:
    """Give one step: what to do, who asked for it, and what became of it."""
    return found_answer(request, (await steps_of(pair_for(request, env)).get(step)).as_dict())


@routes.post(
    "/{step}/confirm",
    **posting(schemas.CONFIRMED, schemas.CONFIRM, "dry_run", "force", needs=Decision.APPLY),
)
async def confirm_step(request: Request, env: str, step: str) -> Response:
    """Confirm that a step is done; as `present`, what a product holds now.

    A dry run checks what can be checked of it and confirms nothing.
    """
    pair = pair_for(request, env)
    dry_run, force = flags(request.query_params, "dry_run", "force")
    if force:
        require(request, Scope.ADMIN)
    person = Person(principal_of(request).name, origin_of(request))
    body = await posted_object(request, ("documents",))
    if step == PRESENT:
        if dry_run:
            raise invalid("dry_run", "has nothing to check where a person says what is there")
        told = await present(pair, _documents(body), person)
        return json_answer({"documents": list(told), "step": None, "checks": []})
    if body:
        raise invalid("documents", f"belong to {PRESENT} only; what a step sets is known")
    found = await steps_of(pair).get(step)
    if dry_run:
        checks = [each.as_dict() for each in await evidence(pair, found)]
        return json_answer({"documents": [], "step": found.as_dict(), "checks": checks})
    done = await confirm(pair, found, person, force=force)
    return json_answer(_answer(done))


def _answer(step: Step) -> dict[str, Any]:
    return {"documents": [step.resource], "step": step.as_dict(), "checks": []}


def _documents(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = body.get("documents")
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise invalid("documents", "must be an object of documents by path")
    return found
