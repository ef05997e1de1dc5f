"""The Staff site of the simulated iMIS, on the record that REST serves, too (product facts 2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from imis_sso.simulators.gate import Endpoint, Entry, attempt_of
from imis_sso.simulators.imis import staff_form, staff_pages, wire
from imis_sso.simulators.imis.staff_log_in import StaffLogIn
from imis_sso.simulators.imis.staff_pages import OPENID_CONNECT, REFRESH, REVEAL
from imis_sso.simulators.imis.staff_sessions import StaffSession
from imis_sso.simulators.openid.server import form_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imis_sso.simulators.imis.model import ImisModel
    from imis_sso.simulators.imis.staff_form import Sent
    from imis_sso.simulators.imis.wire import Record

_SAVED = "Your changes have been saved."
_INVALID = "Validation of viewstate MAC failed."

Page = Callable[[Request, StaffSession], Awaitable[Response]]


def entries(model: ImisModel) -> list[Entry]:
    """Give the routes of the Staff site of one simulated iMIS."""
    site, log_in = _StaffSite(model), StaffLogIn(model)

    def guarded(page: Page) -> Endpoint:
        """Show the log-in page to everyone who is not signed in."""

        async def checked(request: Request) -> Response:
            if model.take(attempt_of(request), "expire_session"):
                model.staff.clear()
            session = log_in.session(request)
            if session is None or model.take(attempt_of(request), "login_page"):
                return log_in.in_place_of(request)
            if _is_document(model, request):
                return staff_pages.site_page(model, "staff_shell.html", "Staff")
            return await page(request, session)

        return checked

    def plain(template: str, title: str) -> Endpoint:
        async def page(_request: Request, _session: StaffSession) -> Response:
            return staff_pages.site_page(model, template, title)

        return guarded(page)

    home, settings = plain("staff_page.html", "Staff"), plain("staff_page.html", "Settings")
    contacts = plain("staff_page.html", "Contacts")
    return [
        Entry("GET", staff_pages.SIGN_IN, log_in.form, "login", is_page=True),
        Entry("POST", staff_pages.SIGN_IN, log_in.step, "login"),
        Entry("GET", staff_pages.SIGN_OUT, log_in.sign_out, "login"),
        Entry("GET", staff_pages.STAFF, home, "page", is_page=True),
        Entry("GET", staff_pages.SETTINGS, settings, "page", is_page=True),
        Entry("GET", staff_pages.CONTACTS, contacts, "page", is_page=True),
        Entry("GET", staff_pages.ABOUT, guarded(site.about), "page", is_page=True),
        Entry("GET", OPENID_CONNECT, guarded(site.form), "read", is_page=True),
        Entry("POST", REFRESH, guarded(site.refresh), "page"),
        Entry("POST", REVEAL, guarded(site.reveal)),
        Entry("POST", OPENID_CONNECT, guarded(site.save), "write"),
    ]


def _is_document(model: ImisModel, request: Request) -> bool:
    """Say whether a browser loads a document of a Staff site that is a single page."""
    is_single = model.variant.staff_render == "single_page"
    return is_single and request.method == "GET" and "x-requested-with" not in request.headers


class _StaffSite:
    def __init__(self, model: ImisModel) -> None:
        self._model = model

    async def about(self, _request: Request, _session: StaffSession) -> Response:
        """Tell what is licensed, below navigation that has the same words."""
        model = self._model
        features = [*model.licensed_features]
        return staff_pages.site_page(
            model, "staff_about.html", "About iMIS", version=model.version, features=features
        )

    async def form(self, request: Request, session: StaffSession) -> Response:
        attempt = attempt_of(request)
        fault = self._model.take(attempt, "changed_page")
        notice, session.notice = session.notice, ""
        records = self._model.shown(attempt)
        rows = staff_form.rows_of(
            self._record() if records else {}, self._model.email_body, self._model.variant
        )
        return staff_pages.form_page(self._model, rows, self._state(session), fault, notice=notice)

    async def refresh(self, request: Request, session: StaffSession) -> Response:
        """Render the form anew for a changed Type: with what was typed, but for the secret."""
        form = await form_of(request)
        if not self._model.staff.fits(session, OPENID_CONNECT, form):
            return staff_pages.server_error(_INVALID)
        return self._typed(session, form)

    async def reveal(self, request: Request, session: StaffSession) -> Response:
        """Give the secret behind the mask to the script of the page."""
        is_hidden = self._model.variant.staff_secret == "reveal"  # noqa: S105 -- a variant
        form = await form_of(request)
        if not is_hidden or not self._model.staff.fits(session, OPENID_CONNECT, form):
            return staff_pages.server_error(_INVALID)
        return JSONResponse({"value": self._record().get("ClientSecret") or ""})

    async def save(self, request: Request, session: StaffSession) -> Response:
        form = await form_of(request)
        try:
            sent = staff_form.sent_of(form, self._record(), self._model.variant)
        except ValueError:
            return staff_pages.server_error("Invalid postback or callback argument.")
        if not self._model.staff.fits(session, OPENID_CONNECT, form):
            return staff_pages.server_error(_INVALID)
        await asyncio.sleep(self._model.variant.staff_save_delay)
        error = self._refusal(request, sent)
        if not error:
            self._store(request, sent)
        if "x-microsoftajax" in request.headers:
            return JSONResponse({"errors": error.split("\n") if error else [], "notice": _SAVED})
        if error:
            return self._typed(session, form, error)
        session.notice = _SAVED
        return RedirectResponse(OPENID_CONNECT, HTTPStatus.SEE_OTHER)

    def _refusal(self, request: Request, sent: Sent) -> str:
        fault = self._model.take(attempt_of(request), "error_banner")
        if fault is not None:
            return str(fault.params.get("message", "The settings could not be saved."))
        return "\n".join(sent.errors)

    def _store(self, request: Request, sent: Sent) -> None:
        take, attempt = self._model.take, attempt_of(request)
        if take(attempt, "write_dropped"):
            return
        properties = dict(sent.properties)
        if fault := take(attempt, "write_altered"):
            name = {"ProviderName": f"{properties['ProviderName']} (altered)"}
            properties |= fault.params.get("changes", name)
        email_body = str(properties.pop(staff_form.EMAIL_BODY, sent.email_body))
        self._model.save_page(properties, email_body, attempt)

    def _typed(self, session: StaffSession, form: Mapping[str, str], error: str = "") -> Response:
        """Show the form with what was typed; a password box never gets back what was in it."""
        held = self._record()
        try:
            sent = staff_form.sent_of(form, held, self._model.variant)
        except ValueError:
            return staff_pages.server_error("Invalid postback or callback argument.")
        typed = held | sent.properties
        if self._model.variant.staff_secret != "shown":  # noqa: S105 -- a variant
            typed["ClientSecret"] = held.get("ClientSecret")
        rows = staff_form.rows_of(typed, sent.email_body, self._model.variant)
        return staff_pages.form_page(self._model, rows, self._state(session), None, error=error)

    def _state(self, session: StaffSession) -> dict[str, str]:
        return self._model.staff.state(session, OPENID_CONNECT)

    def _record(self) -> Record:
        try:
            return self._model.record
        except ValueError:
            return dict(wire.DEFAULTS)
