"""What the simulated dashboard answers, route by route (product facts 4.1, 4.2, 4.5)."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from imis_sso.simulators.cloud_sso import directory_pages, faults, pages
from imis_sso.simulators.cloud_sso.log_in import DashboardLogIn
from imis_sso.simulators.gate import Entry, attempt_of

if TYPE_CHECKING:
    from imis_sso.simulators.cloud_sso.federation import Federation
    from imis_sso.simulators.cloud_sso.model import CloudSsoModel
    from imis_sso.simulators.cloud_sso.sessions import Session
    from imis_sso.simulators.faults import Fault

_REVEAL_PATH = "/directories/reveal"
_SAVED = "Settings saved."


def entries(model: CloudSsoModel, federation: Federation) -> list[Entry]:
    """Give the routes of one simulated dashboard."""
    dashboard, log_in = _Dashboard(model), DashboardLogIn(model)
    guarded = log_in.guarded
    return [
        *log_in.entries(),
        Entry("GET", pages.HOME_PATH, guarded(dashboard.home), "page", is_page=True),
        Entry("GET", pages.SECTION_PATH, guarded(dashboard.section), "page", is_page=True),
        Entry("GET", pages.SETTINGS_PATH, guarded(dashboard.settings), "read", is_page=True),
        Entry("POST", pages.SETTINGS_PATH, guarded(dashboard.save), "write"),
        Entry("POST", _REVEAL_PATH, guarded(dashboard.reveal)),
        *directory_pages.entries(model, federation, guarded),
    ]


class _Dashboard:
    def __init__(self, model: CloudSsoModel) -> None:
        self._model = model

    async def home(self, _request: Request, _session: Session) -> Response:
        return self._shown("home.html", title="Overview", cloud_id=self._model.cloud_id)

    async def section(self, _request: Request, _session: Session) -> Response:
        return self._shown("section.html", title="External Directories")

    async def settings(self, request: Request, session: Session) -> Response:
        fault = self._model.take(attempt_of(request), "changed_page")
        notice, session.notice = session.notice, ""
        value = self._model.shown_redirect_url(attempt_of(request))
        return self._form(session, value, fault, notice=notice)

    async def reveal(self, request: Request, session: Session) -> Response:
        form = await request.form()
        is_hidden = self._model.variant.cloud_sso_secret in {"reveal", "copy"}
        if form.get(pages.TOKEN_NAME) != session.anti_forgery or not is_hidden:
            return pages.error_page(
                HTTPStatus.BAD_REQUEST, "The form has expired. Load the page again."
            )
        return JSONResponse({"value": self._model.client_secret})

    async def save(self, request: Request, session: Session) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get(pages.TOKEN_NAME) != session.anti_forgery or pages.INPUT_NAME not in form:
            return pages.error_page(
                HTTPStatus.BAD_REQUEST, "The form has expired. Load the page again."
            )
        await asyncio.sleep(self._model.variant.cloud_sso_save_delay)
        value = form[pages.INPUT_NAME]
        error = self._objection(value)
        if not error:
            self._store(request, value)
        if pages.by_script(request):
            return JSONResponse({"ok": not error, "message": error or _SAVED})
        if error:
            return self._form(session, value, None, error=error)
        session.notice = _SAVED
        return RedirectResponse(pages.SETTINGS_PATH, HTTPStatus.SEE_OTHER)

    def _objection(self, value: str) -> str:
        if not value:
            # Unknown: whether the Redirect URL may be emptied (product facts 4.5).
            refuses = self._model.variant.cloud_sso_empty_redirect == "refused"
            return "Redirect URL is required." if refuses else ""
        return "" if value.startswith("https://") else "Redirect URL must begin with https://."

    def _store(self, request: Request, value: str) -> None:
        take, attempt = self._model.take, attempt_of(request)
        if take(attempt, "write_dropped"):
            return
        if fault := take(attempt, "write_altered"):
            value = str(fault.params.get("value", value[:-1]))
        self._model.save_redirect_url(value, attempt)

    def _form(
        self,
        session: Session,
        value: str,
        fault: Fault | None,
        *,
        notice: str = "",
        error: str = "",
    ) -> Response:
        rows = pages.settings_rows(self._model, value)
        return self._shown(
            "settings.html",
            title="iMIS SSO Settings",
            rows=rows if fault is None else faults.spoil_rows(rows, fault),
            save=faults.save_button(fault),
            action=pages.SETTINGS_PATH,
            reveal_action=_REVEAL_PATH,
            anti_forgery=session.anti_forgery,
            notice=notice,
            error=error,
        )

    def _shown(self, template: str, **values: object) -> Response:
        return pages.console_page(self._model, template, **values)
