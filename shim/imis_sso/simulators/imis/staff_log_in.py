"""The log-in of the simulated Staff site, as the mode has it (product facts 3.1, 3.5)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from imis_sso.simulators.imis import staff_pages, wire
from imis_sso.simulators.imis.staff_pages import SIGN_IN, STAFF
from imis_sso.simulators.openid.server import form_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from imis_sso.simulators.imis.model import ImisModel
    from imis_sso.simulators.imis.staff_sessions import StaffSession
    from imis_sso.simulators.imis.wire import Record

_NAME, _PASSWORD, _CODE = (f"ctl01$TemplateBody$Login1$f{each}" for each in (1, 2, 3))
_REFUSED = "The user name or password is incorrect."
_WRONG_CODE = "The verification code is incorrect."
_ONLY_ADMINISTRATORS = "Only system administrators may sign in with iMIS credentials."


class StaffLogIn:
    """Asks for user name and password; with a provider for the e-mail first, with a choice.

    A one-time code may come after the password (unknown, product facts 3.5).
    """

    def __init__(self, model: ImisModel) -> None:
        self._model = model
        # Cookies know no ports: two environments on one host need names of their own.
        self._cookie, self._pending = f"imis_staff_{model.name}", f"imis_pending_{model.name}"

    def session(self, request: Request) -> StaffSession | None:
        """Give the session of a request, or None."""
        return self._model.staff.find(request.cookies.get(self._cookie, ""))

    def in_place_of(self, request: Request) -> Response:
        """Answer somebody who is not signed in, or no more."""
        if self._model.variant.staff_expiry == "in_place":
            return self._first_page(request.url.path)
        query = urlencode({"ReturnUrl": request.url.path})
        return RedirectResponse(f"{SIGN_IN}?{query}", HTTPStatus.SEE_OTHER)

    async def form(self, request: Request) -> Response:
        """Show the first page of the log-in."""
        return self._first_page(request.query_params.get("ReturnUrl", STAFF))

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        self._model.staff.close(request.cookies.get(self._cookie, ""))
        return RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)

    async def step(self, request: Request) -> Response:
        """Go one step on: to the choice, the password, the provider, the code, or in."""
        form = await form_of(request)
        if not self._model.staff.fits(None, SIGN_IN, form):
            return staff_pages.server_error("Validation of viewstate MAC failed.")
        target, name = form.get("ReturnUrl", STAFF), form.get(_NAME, "")
        if _CODE in form:
            return self._code_judged(request, target, form[_CODE].strip())
        if _PASSWORD in form:
            return self._judged(target, name, form[_PASSWORD])
        if "provider" in form:
            return self._to_provider()
        if "imis" in form or self._provider() is None:
            return self._page(target, "password", name)
        return self._after_name(target, name)

    def _after_name(self, target: str, name: str) -> Response:
        if not (self._allows_credentials() and self._model.variant.staff_choice == "after"):
            return self._to_provider()
        return self._page(target, "choice", name)

    def _first_page(self, target: str) -> Response:
        if self._provider() is None:
            kind = "name" if self._model.variant.staff_log_in == "in_turn" else "both"
        else:
            kind = "email" if self._model.variant.staff_choice == "after" else "email_and_choice"
        return self._page(target, kind)

    def _page(self, target: str, kind: str, name: str = "", error: str = "") -> Response:
        record = self._provider()
        return staff_pages.shown(
            "staff_sign_in.html",
            title="Sign in",
            kind=kind,
            name=name,
            error=error,
            action=SIGN_IN,
            target=target,
            state=self._model.staff.state(None, SIGN_IN),
            fields={"name": _NAME, "password": _PASSWORD, "code": _CODE},
            provider=(record or {}).get("ProviderName") or "single sign-on",
        )

    def _judged(self, target: str, name: str, password: str) -> Response:
        shut = not self._allows_credentials()
        if not self._model.knows(name, password, shut=shut):
            kind = "both" if self._provider() is None else "password"
            return self._page(target, kind, name, _ONLY_ADMINISTRATORS if shut else _REFUSED)
        if self._model.variant.staff_second_factor == "none":
            return self._signed_in(target)
        return self._with_cookie(
            self._page(target, "code"), self._pending, self._model.second_factor.begin()
        )

    def _code_judged(self, request: Request, target: str, code: str) -> Response:
        pending, factor = request.cookies.get(self._pending, ""), self._model.second_factor
        if not factor.waits(pending):
            return self._first_page(target)
        if not self._model.accepts_code(code):
            return self._page(target, "code", error=_WRONG_CODE)
        factor.end(pending)
        return self._signed_in(target)

    def _signed_in(self, target: str) -> Response:
        is_safe = target == STAFF or target.startswith(f"{STAFF}/")
        answer = RedirectResponse(target if is_safe else STAFF, HTTPStatus.SEE_OTHER)
        answer.delete_cookie(self._pending)
        return self._with_cookie(answer, self._cookie, self._model.open_staff_session())

    @staticmethod
    def _with_cookie(answer: Response, name: str, value: str) -> Response:
        answer.set_cookie(name, value, httponly=True, secure=True, samesite="lax")
        return answer

    def _to_provider(self) -> Response:
        record = self._provider() or {}
        authority = str(record.get("Authority") or STAFF)
        return RedirectResponse(f"{authority}/", HTTPStatus.SEE_OTHER)

    def _provider(self) -> Record | None:
        """Give the record of the provider that signs people in, None where none does."""
        try:
            record = self._model.record
        except ValueError:
            return None
        return record if record.get("Mode") else None

    def _allows_credentials(self) -> bool:
        """Say whether the mode leaves this account its iMIS credentials (product facts 3.1)."""
        record = self._provider()
        is_enabled = record is not None and record["Mode"] == wire.enum_value("Mode", "Enabled")
        return self._model.is_administered or not is_enabled
