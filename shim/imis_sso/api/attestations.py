"""Sign-ins that people attest (contract 1.2, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api import schemas
from imis_sso.api.answers import WRITES_HEADER, found_answer, json_answer
from imis_sso.api.callers import origin_of, pair_for, principal_of
from imis_sso.api.openapi import getting, posting
from imis_sso.api.posted import line, posted
from imis_sso.domain.attestation import SignIn, as_dict
from imis_sso.domain.decisions import Decision
from imis_sso.domain.violations import invalid
from imis_sso.services.attested import Seen, attest, current
from imis_sso.services.recovery import recover

KEYS: Final = ("client_id", "digest", "outcome", "redirect_url")
MAX_TEXT: Final = 2000

routes = APIRouter(prefix="/v1/environments/{env}/attestations", tags=["verification"])


@routes.get("/current", **getting(schemas.CURRENT_ATTESTATION, asks_products=True))
async def current_attestation(request: Request, env: str) -> Response:
    """Tell what a sign-in would be attested for now, and what was attested for it last."""
    pair = pair_for(request, env)
    await recover(pair)
    found = await current(pair)
    answer = {
        "environment": pair.name,
        "mode": found.mode,
        "required": pair.policy.require_attestation,
        "sign_in_url": pair.sign_in_url,
        "authority_url": found.halves.openid_connect.authority_url,
        "client_id": found.halves.openid_connect.client_id,
        "redirect_url": found.halves.openid_connect.redirect_login_url,
        "digest": found.digest,
        "attestation": None if found.attestation is None else as_dict(found.attestation),
    }
    return found_answer(request, answer)


@routes.post("", **posting(schemas.ATTESTATION, schemas.SEEN, needs=Decision.APPLY))
async def attest_sign_in(request: Request, env: str) -> Response:
    """Put a sign-in on record for exactly the settings that both products have now."""
    pair = pair_for(request, env)
    seen = _seen(await posted(request, KEYS))
    await recover(pair)
    found = await attest(pair, seen, principal_of(request).name, origin_of(request))
    return json_answer(as_dict(found), headers={WRITES_HEADER: "0"})


def _seen(body: Mapping[str, Any]) -> Seen:
    outcomes = [each.value for each in SignIn]
    if body.get("outcome") not in outcomes:
        raise invalid("outcome", f"must be one of {', '.join(outcomes)}")
    return Seen(
        line(body, "client_id", MAX_TEXT),
        line(body, "redirect_url", MAX_TEXT),
        SignIn(body["outcome"]),
        line(body, "digest", MAX_TEXT) if "digest" in body else "",
    )
