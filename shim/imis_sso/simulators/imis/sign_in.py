"""The sign-in page of the simulated iMIS, and the way back from the provider (facts 3.1)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from imis_sso.simulators.gate import Entry
from imis_sso.simulators.imis import pages, wire
from imis_sso.simulators.imis.members import Member
from imis_sso.simulators.imis.relying_party import RelyingParty
from imis_sso.simulators.openid.client import RefusedError
from imis_sso.simulators.openid.kept import Kept
from imis_sso.simulators.openid.server import form_of
from imis_sso.simulators.sign_ins import SignIn

if TYPE_CHECKING:
    from starlette.requests import Request

    from imis_sso.simulators.imis.model import ImisModel


def entries(model: ImisModel) -> list[Entry]:
    """Give the routes of the sign-in page, of the way back, and of the page behind it."""
    page = _SignInPage(model)
    return [
        Entry("GET", pages.HOME_PATH, page.home, "page", is_page=True),
        Entry("GET", pages.SIGN_IN_PATH, page.form, "page", is_page=True),
        Entry("POST", pages.SIGN_IN_PATH, page.begin, "protocol"),
        Entry("GET", pages.CREDENTIALS_PATH, page.credentials_form, "page", is_page=True),
        Entry("POST", pages.CREDENTIALS_PATH, page.use_credentials, "login"),
    ]


class _SignInPage:
    def __init__(self, model: ImisModel) -> None:
        self._model, self._party = model, RelyingParty(model)
        self._sessions = Kept[Member]()
        # Cookies know no ports: two environments on one host need names of their own.
        self._state_cookie = f"imis_state_{model.name}"
        self._session_cookie = f"imis_session_{model.name}"

    async def form(self, _request: Request) -> Response:
        """Ask for the e-mail address, or for iMIS credentials where there is no provider."""
        try:
            record = self._party.usable_record()
        except RefusedError as error:
            return pages.credentials_page(error)
        return pages.page(
            "sign_in.html",
            title="Sign in",
            action=pages.SIGN_IN_PATH,
            credentials=pages.CREDENTIALS_PATH,
            provider=record.get("ProviderName") or "single sign-on",
            has_choice=record["Mode"] == wire.enum_value("Mode", "TestMode"),
        )

    async def begin(self, request: Request) -> Response:
        """Send the person to the provider, or to the form for iMIS credentials."""
        form = await form_of(request)
        if form.get("with") == "imis":
            return RedirectResponse(pages.CREDENTIALS_PATH, HTTPStatus.SEE_OTHER)
        try:
            url, state = await self._party.begin(form.get("email", ""))
        except RefusedError as error:
            return self._refused(error)
        answer = RedirectResponse(url, HTTPStatus.SEE_OTHER)
        _set(answer, self._state_cookie, state)
        return answer

    async def home(self, request: Request) -> Response:
        """Show who is signed in; with an answer of the provider, sign them in first."""
        if request.query_params.keys() & {"code", "error", "state"}:
            return await self._come_back(request)
        person = self._sessions.find(request.cookies.get(self._session_cookie, ""))
        title = self._model.organisation
        return pages.page("home.html", title=title, person=person, sign_in=pages.SIGN_IN_PATH)

    async def credentials_form(self, _request: Request) -> Response:
        return pages.credentials_page()

    async def use_credentials(self, request: Request) -> Response:
        """Sign in with iMIS credentials; enabled leaves them to system administrators."""
        form = await form_of(request)
        name = form.get("username", "")
        token = self._model.log_in(name, form.get("password", ""))
        if token is None or not (self._model.is_administered or self._allows_credentials()):
            return self._refused(RefusedError("credentials", "User name or password is wrong."))
        return self._signed_in(Member(name, name, staff=True))

    def _allows_credentials(self) -> bool:
        try:
            record = self._party.usable_record()
        except RefusedError:
            return True
        return bool(record["Mode"] != wire.enum_value("Mode", "Enabled"))

    async def _come_back(self, request: Request) -> Response:
        bound = request.cookies.get(self._state_cookie, "")
        try:
            member = await self._party.finish(dict(request.query_params), bound)
        except RefusedError as error:
            return self._refused(error)
        return self._signed_in(member)

    def _signed_in(self, member: Member) -> Response:
        self._model.sign_ins.note(SignIn(signed_in=True, name=member.name, staff=member.staff))
        answer = RedirectResponse(pages.HOME_PATH, HTTPStatus.SEE_OTHER)
        _set(answer, self._session_cookie, self._sessions.put(member))
        answer.delete_cookie(self._state_cookie)
        return answer

    def _refused(self, error: RefusedError) -> Response:
        self._model.sign_ins.note(SignIn(signed_in=False, reason=error.reason, detail=error.detail))
        return pages.refusal_page(error)


def _set(answer: Response, name: str, value: str) -> None:
    answer.set_cookie(name, value, httponly=True, secure=True, samesite="lax")
