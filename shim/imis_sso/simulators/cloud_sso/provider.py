"""The OpenID provider of the simulated Cloud SSO.

OpenID Connect Discovery 1.0, OpenID Connect Core 1.0 and RFC 6749, as far as a client without a
user can get: the metadata, the keys, `prompt=none`, and a token endpoint that knows no code.
"""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlencode

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from imis_sso.simulators.cloud_sso.pages import render
from imis_sso.simulators.gate import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from imis_sso.simulators.cloud_sso.model import CloudSsoModel

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_BASIC, _POST = "client_secret_basic", "client_secret_post"


def entries(model: CloudSsoModel) -> list[Entry]:
    """Give the routes of the provider; the metadata's own comes last, as its path may move."""
    provider = _Provider(model)
    return [
        Entry("GET", "/oauth2/jwks", provider.jwks, "protocol"),
        Entry("GET", "/oauth2/authorize", provider.authorize, "protocol"),
        Entry("POST", "/oauth2/token", provider.token, "protocol"),
        Entry("GET", "/{path:path}", provider.metadata, "protocol"),
    ]


class _Provider:
    def __init__(self, model: CloudSsoModel) -> None:
        self._model = model

    async def metadata(self, request: Request) -> Response:
        model = self._model
        if request.url.path != model.discovery_path:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return JSONResponse(
            {
                "issuer": self._issuer(),
                "authorization_endpoint": f"{model.base_url}/oauth2/authorize",
                "token_endpoint": f"{model.base_url}/oauth2/token",
                "jwks_uri": f"{model.base_url}/oauth2/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email"],
                "claims_supported": ["sub", "email", "external_id", "staff"],
                "token_endpoint_auth_methods_supported": model.token_methods,
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse(self._model.key.jwks)

    async def authorize(self, request: Request) -> Response:
        """Redirect only to the registered address (RFC 6749 4.1.2.1, Core 3.1.2.1)."""
        query, model = request.query_params, self._model
        redirect_uri = query.get("redirect_uri", "")
        is_known = query.get("client_id") == model.client_id
        if not (is_known and redirect_uri and redirect_uri == model.redirect_url):
            return _error_page("The application or its redirect address is not registered.")
        error = _request_error(query)
        if error is None and query.get("prompt") != "none":
            return HTMLResponse(render("sign_in.html", title="Sign in"))
        answer = {"error": error or "login_required", "iss": self._issuer()}
        if "state" in query:
            answer["state"] = query["state"]
        joint = "&" if "?" in redirect_uri else "?"
        return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}", HTTPStatus.FOUND)

    async def token(self, request: Request) -> Response:
        """Authenticate the client, then refuse the code: none was ever given out."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        method, client_id, secret = _credentials(request, form)
        if method == "":
            return _token_error("invalid_request")
        if method not in self._model.token_methods or not self._model.has_secret(client_id, secret):
            return _token_error("invalid_client", method)
        if "grant_type" not in form:
            return _token_error("invalid_request")
        if form["grant_type"] != "authorization_code":
            return _token_error("unsupported_grant_type")
        if not form.get("code"):
            return _token_error("invalid_request")
        return _token_error("invalid_grant")

    def _issuer(self) -> str:
        return self._model.metadata_issuer or self._model.issuer


def _request_error(query: Mapping[str, str]) -> str | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in query.get("scope", "").split():
        return "invalid_scope"
    if "code_challenge" in query and query.get("code_challenge_method") != "S256":
        return "invalid_request"
    return None


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str, str]:
    """Give method, client id and secret; no method where two are used (RFC 6749 2.3)."""
    header = request.headers.get("authorization")
    if header is not None and "client_secret" in form:
        return "", "", ""
    if header is None:
        method = _POST if "client_secret" in form else "none"
        return method, form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    client_id, _, secret = decoded.partition(":")
    # RFC 6749 2.3.1: both are form-encoded before base64; a raw secret fails like a wrong one.
    method = _BASIC if scheme.lower() == "basic" else "none"
    return method, unquote_plus(client_id), unquote_plus(secret)


def _token_error(error: str, method: str = "") -> Response:
    headers = dict(_NO_STORE)
    status = HTTPStatus.BAD_REQUEST
    if error == "invalid_client":
        status = HTTPStatus.UNAUTHORIZED
        if method == _BASIC:
            headers["WWW-Authenticate"] = 'Basic realm="token"'
    return JSONResponse({"error": error}, status, headers)


def _error_page(message: str) -> Response:
    page = render("error.html", title="Sign-in error", message=message)
    return HTMLResponse(page, HTTPStatus.BAD_REQUEST)
