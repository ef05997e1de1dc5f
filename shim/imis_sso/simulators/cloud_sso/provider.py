"""The OpenID provider of the simulated Cloud SSO.

OpenID Connect Discovery 1.0, OpenID Connect Core 1.0 and RFC 6749: the metadata, the keys,
authorization with a person and with `prompt=none`, and the token endpoint.
"""

from __future__ import annotations

import fnmatch
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from imis_sso.simulators.cloud_sso.journeys import Asked, altered
from imis_sso.simulators.cloud_sso.pages import refusal_page
from imis_sso.simulators.gate import Entry, attempt_of
from imis_sso.simulators.openid.client import RefusedError
from imis_sso.simulators.openid.keys import SigningKey
from imis_sso.simulators.openid.server import (
    code_error,
    credentials,
    form_of,
    redirected,
    request_error,
    token_answer,
    token_error,
)
from imis_sso.simulators.product import new_session
from imis_sso.simulators.sign_ins import SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from imis_sso.simulators.cloud_sso.federation import Federation
    from imis_sso.simulators.cloud_sso.model import CloudSsoModel
    from imis_sso.simulators.openid.server import Grant


def entries(model: CloudSsoModel, federation: Federation) -> list[Entry]:
    """Give the routes of the provider; the metadata's own comes last, as its path may move."""
    provider = _Provider(model, federation)
    return [
        Entry("GET", "/oauth2/jwks", provider.jwks, "protocol"),
        Entry("GET", "/oauth2/authorize", provider.authorize, "protocol"),
        Entry("POST", "/oauth2/token", provider.token, "protocol"),
        Entry("GET", "/{path:path}", provider.metadata, "protocol"),
    ]


class _Provider:
    def __init__(self, model: CloudSsoModel, federation: Federation) -> None:
        self._model, self._federation = model, federation
        self._foreign_key = SigningKey()

    async def metadata(self, request: Request) -> Response:
        model = self._model
        if request.url.path != model.discovery_path:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return JSONResponse(
            {
                "issuer": model.named_issuer,
                "authorization_endpoint": f"{model.base_url}/oauth2/authorize",
                "token_endpoint": f"{model.base_url}/oauth2/token",
                "jwks_uri": f"{model.base_url}/oauth2/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [model.signing_algorithm],
                "scopes_supported": ["openid", "profile", "email"],
                "claims_supported": ["sub", "email", "external_id", "staff"],
                "token_endpoint_auth_methods_supported": model.token_methods,
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def jwks(self, _request: Request) -> Response:
        model = self._model
        key = self._foreign_key if model.published_keys == "foreign" else model.key
        return JSONResponse(key.published(model.signing_algorithm, model.published_keys))

    async def authorize(self, request: Request) -> Response:
        """Redirect only to the registered address (RFC 6749 4.1.2.1, Core 3.1.2.1)."""
        query = request.query_params
        try:
            self._check_client(query.get("client_id", ""), query.get("redirect_uri", ""))
        except RefusedError as error:
            return self._refused(error)
        error_code = request_error(query)
        if error_code is None and query.get("prompt") != "none":
            return self._federation.ask(_asked(query))
        answer = {"error": error_code or "login_required", "iss": self._model.named_issuer}
        return redirected(query["redirect_uri"], answer | {"state": query.get("state", "")})

    def _check_client(self, client_id: str, redirect_uri: str) -> None:
        model = self._model
        if client_id != model.client_id:
            raise RefusedError("client-unknown", "The application is not registered.")
        if model.client_status == "disabled":
            raise RefusedError("client-disabled", "The application is disabled.")
        is_pattern = model.redirect_match == "pattern"
        matches = is_pattern and fnmatch.fnmatchcase(redirect_uri, model.redirect_url)
        if not redirect_uri or not (redirect_uri == model.redirect_url or matches):
            raise RefusedError("redirect-unregistered", "The redirect address is not registered.")

    def _refused(self, error: RefusedError) -> Response:
        self._model.sign_ins.note(SignIn(signed_in=False, reason=error.reason, detail=error.detail))
        return refusal_page(error)

    async def token(self, request: Request) -> Response:
        """Authenticate the client, then give for its code what the code was made for."""
        form = await form_of(request)
        method, client_id, secret = credentials(request, form)
        if method == "":
            return token_error("invalid_request")
        if not self._model.authenticates(method, client_id, secret):
            return token_error("invalid_client", method)
        if error := code_error(form):
            return token_error(error)
        grant = self._federation.codes.take(form["code"])
        if grant is None or not grant.fits(client_id, form):
            return token_error("invalid_grant")
        return self._tokens(request, grant)

    def _tokens(self, request: Request, grant: Grant) -> Response:
        model, claims, key = self._model, dict(grant.claims), self._model.key
        if fault := model.take(attempt_of(request), "id_token_altered"):
            claims = altered(claims, fault.params.get("claims", {}))
            key = self._foreign_key if fault.params.get("foreign_key") else key
        return token_answer(
            {
                "access_token": new_session(),
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": key.sign(claims, model.signing_algorithm, model.client_secret),
            }
        )


def _asked(query: Mapping[str, str]) -> Asked:
    return Asked(
        client_id=query["client_id"],
        redirect_uri=query["redirect_uri"],
        state=query.get("state", ""),
        nonce=query.get("nonce", ""),
        challenge=query.get("code_challenge", ""),
        login_hint=query.get("login_hint", ""),
    )
