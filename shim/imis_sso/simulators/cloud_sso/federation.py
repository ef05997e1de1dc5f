"""Cloud SSO between iMIS and a directory: asks who comes, sends them on, and takes them back."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from imis_sso.simulators.cloud_sso.journeys import Asked, Journey, id_token_claims
from imis_sso.simulators.cloud_sso.model import RETURN_PATH
from imis_sso.simulators.cloud_sso.pages import claims_page, refusal_page, sign_in_page
from imis_sso.simulators.gate import Entry
from imis_sso.simulators.openid.client import RefusedError
from imis_sso.simulators.openid.kept import Kept
from imis_sso.simulators.openid.server import Grant, form_of, redirected
from imis_sso.simulators.sign_ins import SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from imis_sso.simulators.cloud_sso.directories import Directory
    from imis_sso.simulators.cloud_sso.model import CloudSsoModel

_SIGN_IN_PATH = "/oauth2/sign-in"


class Federation:
    """The way of people through one Cloud SSO; `codes` are what iMIS gets for them."""

    def __init__(self, model: CloudSsoModel) -> None:
        self._model = model
        self.codes = Kept[Grant]()
        self._asked, self._journeys = Kept[Asked](), Kept[Journey]()

    def entries(self) -> list[Entry]:
        """Give the routes between the authorization request and its answer."""
        return [
            Entry("POST", _SIGN_IN_PATH, self.send_on, "protocol"),
            Entry("GET", RETURN_PATH, self.take_back, "protocol"),
            Entry("POST", RETURN_PATH, self.take_back, "protocol"),
        ]

    def ask(self, asked: Asked) -> Response:
        """Ask for the e-mail address, the hint filled in, and for the directory (facts 4.3)."""
        names = [directory.name for directory in self._model.directories.values()]
        return sign_in_page(_SIGN_IN_PATH, self._asked.put(asked), asked.login_hint, names)

    async def send_on(self, request: Request) -> Response:
        """Send the person to the directory they chose."""
        form, found = await form_of(request), self._model.directories.values()
        asked = self._asked.take(form.get("request", ""))
        if asked is None:
            return self._refused(RefusedError("state", "This sign-in is over. Begin again."))
        directory = next((each for each in found if each.name == form.get("directory")), None)
        if directory is None:
            return self._refused(RefusedError("directory-unknown", "There is no such directory."))
        journey = Journey(asked, directory, self._model.return_url)
        address = journey.address(self._journeys.put(journey), form.get("email", ""))
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)

    def test(self, directory: Directory) -> Response:
        """Send whoever tries a connection to the directory; it comes back as anybody does."""
        journey = Journey(Asked("", ""), directory, self._model.return_url)
        return RedirectResponse(journey.address(self._journeys.put(journey), ""))

    async def take_back(self, request: Request) -> Response:
        """Give iMIS a code for whom the directory has sent back."""
        form = await form_of(request) if request.method == "POST" else dict(request.query_params)
        try:
            journey = self._journey_of(form)
            if not journey.asked.client_id:
                said = await journey.said(self._model.trust, form["code"])
                return claims_page(journey.directory.name, said, journey.directory.claims)
            found = await journey.claims(self._model.trust, form["code"])
        except RefusedError as error:
            return self._refused(error)
        return self._sent_back(journey.asked, found)

    def _journey_of(self, form: Mapping[str, str]) -> Journey:
        journey = self._journeys.take(form.get("state", ""))
        if journey is None:
            raise RefusedError("state", "This sign-in is over. Begin again.")
        if "code" not in form:
            error = form.get("error", "nothing")
            raise RefusedError("directory-error", f"The directory answered {error}.")
        return journey

    def _sent_back(self, asked: Asked, found: Mapping[str, str]) -> Response:
        issuer = self._model.named_issuer
        claims = id_token_claims(asked, issuer, found, self._model.id_token_seconds)
        code = self.codes.put(Grant(asked.client_id, asked.redirect_uri, asked.challenge, claims))
        name, staff = claims["name"], claims.get("staff") == "1"
        self._model.sign_ins.note(SignIn(signed_in=True, name=name, staff=staff))
        answer = {"code": code, "state": asked.state, "iss": issuer}
        return redirected(asked.redirect_uri, answer)

    def _refused(self, error: RefusedError) -> Response:
        self._model.sign_ins.note(SignIn(signed_in=False, reason=error.reason, detail=error.detail))
        return refusal_page(error)
