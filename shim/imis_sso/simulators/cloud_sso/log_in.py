"""The simulated dashboard's log-in, step by step, and its end (product facts 4.1, 4.5)."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from imis_sso.simulators.cloud_sso import pages
from imis_sso.simulators.gate import Endpoint, Entry, attempt_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from imis_sso.simulators.cloud_sso.model import CloudSsoModel
    from imis_sso.simulators.cloud_sso.sessions import Session

    Page = Callable[[Request, Session], Awaitable[Response]]

_LOGIN_PATH, _FACTOR_PATH = "/account/login", "/account/second-factor"
_PENDING = "sso_pending"
_EXPIRED = "The form has expired. Load the page again."
_WRONG_CODE = "The verification code is incorrect."
_NAMES = ("username", "password", "cloud_id")


class DashboardLogIn:
    """The pages before the dashboard, and the guard in front of every other page."""

    def __init__(self, model: CloudSsoModel) -> None:
        self._model = model
        # Cookies know no ports: two environments on one host need names of their own.
        self._cookie = f"sso_session_{model.cloud_id}"

    def entries(self) -> list[Entry]:
        """Give the routes of the log-in."""
        return [
            Entry("GET", _LOGIN_PATH, self.form, "login", is_page=True),
            Entry("POST", _LOGIN_PATH, self.submit, "login"),
            Entry("GET", _FACTOR_PATH, self.push, "login", is_page=True),
            Entry("POST", _FACTOR_PATH, self.code, "login"),
            Entry("GET", pages.LOGOUT_PATH, self.log_out, "login"),
        ]

    def guarded(self, page: Page) -> Endpoint:
        """Show the log-in page to everyone who is not signed in."""

        async def checked(request: Request) -> Response:
            attempt, take = attempt_of(request), self._model.take
            if take(attempt, "expire_session"):
                self._model.expire_sessions()
            found = self._model.session(request.cookies.get(self._cookie, ""), _agent(request))
            if found is None or take(attempt, "login_page"):
                return self._sent_to_login(request)
            if self._is_document(request):
                return pages.console_page(self._model, "shell.html", title="Cloud SSO")
            return await page(request, found)

        return checked

    def _is_document(self, request: Request) -> bool:
        """Say whether a browser loads a document of a dashboard that is a single page."""
        single = self._model.variant.cloud_sso_render == "single_page"
        by_script = "x-requested-with" in request.headers
        is_page = request.method == "GET" and pages.is_of_the_single_page(request.url.path)
        return single and is_page and not by_script

    async def form(self, request: Request) -> Response:
        """Show the first page of the log-in."""
        return self._first(request.query_params.get("next", pages.HOME_PATH))

    async def submit(self, request: Request) -> Response:
        """Take what a page of the log-in sends: go on to the next one, or judge the password."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        target = form.get("next", pages.HOME_PATH)
        if form.get(pages.TOKEN_NAME) != self._model.login_anti_forgery:
            return pages.error_page(HTTPStatus.BAD_REQUEST, _EXPIRED)
        if form.get("step") == "name":
            chosen = self._model.variant.cloud_sso_login_steps == "two"
            return self._page(target, "password" if chosen else "choice", form=form)
        if form.get("step") == "choice":
            return self._page(target, "password", form=form)
        if not self._model.knows(*(form.get(name, "") for name in _NAMES)):
            return self._first(target, self._refusal())
        return self._after_password(request, target)

    def _after_password(self, request: Request, target: str) -> Response:
        factor = self._model.variant.cloud_sso_second_factor
        if factor == "none":
            return self._signed_in(request, target)
        answer = (
            self._page(target, "code")
            if factor == "totp"
            else RedirectResponse(f"{_FACTOR_PATH}?{urlencode({'next': target})}", 303)
        )
        pending = self._model.second_factor.begin()
        answer.set_cookie(_PENDING, pending, httponly=True, secure=True, samesite="lax")
        return answer

    async def code(self, request: Request) -> Response:
        """Judge a one-time code."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        target, model = form.get("next", pages.HOME_PATH), self._model
        pending = request.cookies.get(_PENDING, "")
        if form.get(pages.TOKEN_NAME) != model.login_anti_forgery:
            return pages.error_page(HTTPStatus.BAD_REQUEST, _EXPIRED)
        if not model.second_factor.waits(pending):
            return self._first(target)
        if not model.accepts_code(form.get("code", "").strip()):
            return self._page(target, "code", _WRONG_CODE)
        model.second_factor.end(pending)
        return self._signed_in(request, target)

    async def push(self, request: Request) -> Response:
        """Wait for a person's approval; the page asks again every second."""
        target, model = request.query_params.get("next", pages.HOME_PATH), self._model
        pending = request.cookies.get(_PENDING, "")
        if not model.second_factor.waits(pending):
            return self._first(target)
        if not model.second_factor.is_approved(pending):
            return self._page(target, "push")
        model.second_factor.end(pending)
        return self._signed_in(request, target)

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        self._model.log_out(request.cookies.get(self._cookie, ""))
        return RedirectResponse(_LOGIN_PATH, HTTPStatus.SEE_OTHER)

    def _signed_in(self, request: Request, target: str) -> Response:
        safe = target if target.startswith("/") and not target.startswith("//") else pages.HOME_PATH
        answer = RedirectResponse(safe, HTTPStatus.SEE_OTHER)
        answer.delete_cookie(_PENDING)
        answer.set_cookie(
            self._cookie,
            self._model.open_session(_agent(request)),
            httponly=True,
            secure=True,
            samesite="lax",
            max_age=self._model.cookie_seconds or None,
        )
        return answer

    def _sent_to_login(self, request: Request) -> Response:
        if self._model.variant.cloud_sso_expiry == "in_place":
            return self._first(request.url.path)
        query = urlencode({"next": request.url.path})
        return RedirectResponse(f"{_LOGIN_PATH}?{query}", HTTPStatus.SEE_OTHER)

    def _refusal(self) -> str:
        left = math.ceil(self._model.lockout_left())
        if left:
            return f"Your account is locked. Try again in {left} seconds."
        return "The user name, password or Cloud ID is incorrect."

    def _first(self, target: str, error: str = "") -> Response:
        is_one = self._model.variant.cloud_sso_login_steps == "one"
        return self._page(target, "whole" if is_one else "name", error)

    def _page(
        self, target: str, step: str, error: str = "", form: dict[str, str] | None = None
    ) -> Response:
        page = pages.render(
            "login.html",
            title="Log in",
            action=_FACTOR_PATH if step == "code" else _LOGIN_PATH,
            next=target,
            step=step,
            username=(form or {}).get("username", ""),
            cloud_id=(form or {}).get("cloud_id", ""),
            error=error,
            button=self._model.variant.cloud_sso_login_button,
            token_name=pages.TOKEN_NAME,
            anti_forgery=self._model.login_anti_forgery,
        )
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def _agent(request: Request) -> str:
    return request.headers.get("User-Agent", "")
