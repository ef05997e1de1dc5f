"""What a simulated directory answers: a small OpenID provider with a log-in form."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from imis_sso.simulators.directory import pages
from imis_sso.simulators.directory.flavours import ALL
from imis_sso.simulators.gate import Entry
from imis_sso.simulators.openid.client import RefusedError
from imis_sso.simulators.openid.kept import Kept
from imis_sso.simulators.openid.server import (
    BASIC,
    POST,
    Grant,
    credentials,
    equal,
    form_of,
    redirected,
    request_error,
    token_answer,
    token_error,
)
from imis_sso.simulators.sign_ins import SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from imis_sso.simulators.directory.flavours import Flavour
    from imis_sso.simulators.directory.model import DirectoryModel
    from imis_sso.simulators.people import Person

_SECONDS = 300


def entries(model: DirectoryModel) -> list[Entry]:
    """Give the routes of the three directories of one environment."""
    return [entry for flavour in ALL.values() for entry in _Directory(model, flavour).entries()]


class _Directory:
    def __init__(self, model: DirectoryModel, flavour: Flavour) -> None:
        self._model, self._flavour = model, flavour
        self._asked: Kept[Mapping[str, str]] = Kept()
        self._codes: Kept[tuple[Grant, Person]] = Kept()
        self._access: Kept[Person] = Kept()

    def entries(self) -> list[Entry]:
        """Give the routes of one directory."""
        flavour = self._flavour
        return [
            Entry("GET", flavour.discovery, self.metadata, "protocol"),
            Entry("GET", flavour.jwks, self.jwks, "protocol"),
            Entry("GET", flavour.authorize, self.authorize, "protocol", is_page=True),
            Entry("POST", flavour.login, self.log_in, "login"),
            Entry("POST", flavour.token, self.token, "protocol"),
            Entry("GET", flavour.userinfo, self.userinfo, "protocol"),
        ]

    async def metadata(self, _request: Request) -> Response:
        flavour, url = self._flavour, self._model.url
        return JSONResponse(
            {
                "issuer": url(flavour.issuer),
                "authorization_endpoint": url(flavour.authorize),
                "token_endpoint": url(flavour.token),
                "userinfo_endpoint": url(flavour.userinfo),
                "jwks_uri": url(flavour.jwks),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [BASIC, POST],
                **flavour.metadata,
            }
        )

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self._model.key.jwk(**self._flavour.key_parameters)]})

    async def authorize(self, request: Request) -> Response:
        """Show the log-in form, or an error page where nobody may be redirected."""
        query = dict(request.query_params)
        client = self._model.clients[self._flavour.name]
        if query.get("client_id") != client.client_id:
            return self._refused("client-unknown", "The application is not known here.")
        if query.get("redirect_uri") not in client.callbacks:
            return self._refused("redirect-unregistered", "The callback is not registered.")
        if error := request_error(query):
            return self._answered(query, {"error": error})
        return self._login_page(query, query.get("login_hint", ""))

    async def log_in(self, request: Request) -> Response:
        """Send the person back with a code, or show the form again."""
        form = await form_of(request)
        query = self._asked.take(form.get("request", ""))
        if query is None:
            return self._refused("state", "This log-in is over. Begin again.")
        username = form.get("username", "")
        person = self._model.person(self._flavour.name, username, form.get("password", ""))
        if person is None:
            detail = "User name or password is wrong."
            self._note("credentials", detail)
            return self._login_page(query, username, detail)
        grant = self._grant(query, person)
        found = SignIn(signed_in=True, name=person.name, staff=person.is_staff)
        self._model.sign_ins.note(found)
        return self._answered(query, {"code": self._codes.put((grant, person))})

    async def token(self, request: Request) -> Response:
        form = await form_of(request)
        method, client_id, secret = credentials(request, form)
        client = self._model.clients[self._flavour.name]
        if client_id != client.client_id or not equal(secret, client.client_secret):
            return token_error("invalid_client", method)
        grant, person = self._codes.take(form.get("code", "")) or (None, None)
        if grant is None or person is None or not grant.fits(client_id, form):
            return token_error("invalid_grant")
        return token_answer(
            {
                "access_token": self._access.put(person),
                "token_type": "Bearer",
                "expires_in": _SECONDS,
                "id_token": self._model.key.sign(grant.claims, "RS256"),
            }
        )

    async def userinfo(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").partition(" ")[2]
        person = self._access.find(token)
        if person is None:
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        return JSONResponse(self._flavour.info(person))

    def _grant(self, query: Mapping[str, str], person: Person) -> Grant:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._model.url(self._flavour.issuer),
            "aud": query["client_id"],
            "iat": now,
            "exp": now + _SECONDS,
            **self._flavour.id_token(person),
        }
        claims |= {"nonce": query["nonce"]} if "nonce" in query else {}
        challenge = query.get("code_challenge", "")
        return Grant(query["client_id"], query["redirect_uri"], challenge, claims)

    def _answered(self, query: Mapping[str, str], answer: dict[str, str]) -> Response:
        answer |= {"state": query.get("state", "")}
        if query.get("response_mode") == "form_post":
            return pages.form_post_page(query["redirect_uri"], answer)
        return redirected(query["redirect_uri"], answer)

    def _login_page(self, query: Mapping[str, str], username: str, error: str = "") -> Response:
        request = self._asked.put(query)
        title, action = f"{self._flavour.title}: log in", self._flavour.login
        return pages.login_page(title, action, request, username, error)

    def _refused(self, reason: str, detail: str) -> Response:
        self._note(reason, detail)
        return pages.refusal_page(RefusedError(reason, detail))

    def _note(self, reason: str, detail: str) -> None:
        self._model.sign_ins.note(SignIn(signed_in=False, reason=reason, detail=detail))
