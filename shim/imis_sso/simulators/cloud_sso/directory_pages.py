"""External Directories > Manage Directories, route by route (product facts 4.3, 4.5)."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, RedirectResponse, Response

from imis_sso.simulators.cloud_sso import faults, pages
from imis_sso.simulators.cloud_sso.directories import CLAIMS, Directory
from imis_sso.simulators.cloud_sso.journeys import discovered
from imis_sso.simulators.cloud_sso.pages import DIRECTORIES_PATH, DOTS, Row
from imis_sso.simulators.gate import Entry, attempt_of
from imis_sso.simulators.openid.client import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from imis_sso.simulators.cloud_sso.federation import Federation
    from imis_sso.simulators.cloud_sso.model import CloudSsoModel
    from imis_sso.simulators.cloud_sso.sessions import Session
    from imis_sso.simulators.gate import Endpoint

    Guard = Callable[[Callable[[Request, Session], Awaitable[Response]]], Endpoint]

_NEW_PATH, _RECORD_PATH = f"{DIRECTORIES_PATH}/new", f"{DIRECTORIES_PATH}/{{number:int}}"
_TEXTS = {
    "name": "Name",
    "discovery_domain": "Discovery Domain",
    "authorization_url": "Authorization URL",
    "token_url": "Token URL",
    "userinfo_url": "Userinfo URL",
    "issuer": "Issuer",
    "scopes": "Scopes",
    "client_id": "Client ID",
}
_SWITCHES = {
    "enable_pkce": "Enable PKCE",
    "enable_response_mode_form_post": "Enable Response Mode Form Post",
    "enable_token_endpoint_basic_auth": "Enable Token Endpoint Basic Auth",
}
_CLAIM_LABELS = dict(
    zip(
        CLAIMS,
        ("External ID Claim", "First Name Claim", "Last Name Claim", "Email Claim", "Staff Claim"),
        strict=True,
    )
)
_SECRET = "Client Secret"  # noqa: S105  # a label
_SAVED, _DELETED = "Directory saved.", "Directory deleted."
#: Fields that the form does not take empty. Unknown: which ones the product demands.
_REQUIRED = ("name", "authorization_url", "token_url", "issuer", "client_id")
EMPTY = Directory(
    number=0,
    name="",
    discovery_domain="",
    authorization_url="",
    token_url="",
    userinfo_url="",
    issuer="",
    client_id="",
    client_secret="",
    claims=dict.fromkeys(CLAIMS, ""),
    scopes="",
    enable_pkce=False,
)


def entries(model: CloudSsoModel, federation: Federation, guarded: Guard) -> list[Entry]:
    """Give the routes of the directories' pages; `guarded` keeps strangers out."""
    desk = _Desk(model, federation)
    discover = f"{DIRECTORIES_PATH}/discover"
    return [
        Entry("GET", DIRECTORIES_PATH, guarded(desk.listed), "read", is_page=True),
        Entry("GET", _NEW_PATH, guarded(desk.added), "read", is_page=True),
        Entry("POST", _NEW_PATH, guarded(desk.save), "write"),
        Entry("GET", _RECORD_PATH, guarded(desk.edited), "read", is_page=True),
        Entry("POST", _RECORD_PATH, guarded(desk.save), "write"),
        Entry("POST", f"{_RECORD_PATH}/delete", guarded(desk.delete), "write"),
        Entry("POST", f"{_RECORD_PATH}/reveal", guarded(desk.reveal)),
        Entry("GET", f"{_RECORD_PATH}/test", guarded(desk.test), "page", is_page=True),
        Entry("POST", discover, guarded(desk.discover)),
    ]


class _Desk:
    def __init__(self, model: CloudSsoModel, federation: Federation) -> None:
        self._model, self._federation = model, federation

    async def listed(self, _request: Request, session: Session) -> Response:
        notice, session.notice = session.notice, ""
        return self._list(session, notice)

    def _list(self, session: Session, notice: str = "", error: str = "") -> Response:
        return pages.console_page(
            self._model,
            "directories.html",
            title="Manage Directories",
            directories=self._model.directories.values(),
            path=DIRECTORIES_PATH,
            new_path=_NEW_PATH,
            anti_forgery=session.anti_forgery,
            notice=notice,
            error=error,
        )

    async def added(self, request: Request, session: Session) -> Response:
        if self._model.is_full:
            return self._list(session, error=_too_many(self._model))
        return self._form(request, session, EMPTY)

    async def edited(self, request: Request, session: Session) -> Response:
        found = self._model.directory(request.path_params["number"])
        if found is None:
            return _unknown()
        notice, session.notice = session.notice, ""
        return self._form(request, session, found, notice=notice)

    async def save(self, request: Request, session: Session) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get(pages.TOKEN_NAME) != session.anti_forgery:
            return _expired()
        await asyncio.sleep(self._model.variant.cloud_sso_save_delay)
        number = request.path_params.get("number")
        before = EMPTY if number is None else self._model.directory(number)
        if before is None:
            return _unknown()
        wanted = self._wanted(before, form)
        error = self._objection(before, wanted)
        if error:
            if pages.by_script(request):
                return JSONResponse({"ok": False, "message": error})
            return self._form(request, session, wanted, error=error)
        if self._model.take(attempt_of(request), "write_dropped"):
            number = before.number
        else:
            number = self._model.save_directory(wanted)
        target = f"{DIRECTORIES_PATH}/{number}" if number else DIRECTORIES_PATH
        return _done(request, session, _SAVED, target, stays=before.number > 0)

    def _wanted(self, before: Directory, form: Mapping[str, str]) -> Directory:
        plain: dict[str, object] = {name: form.get(name, "") for name in _TEXTS}
        plain |= {name: name in form for name in _SWITCHES}
        claims = {name: form.get(f"claim_{name}", "") for name in CLAIMS}
        secret = form.get("client_secret", "")
        # Unknown: what an untouched secret in the form does (product facts 4.5).
        untouched = not secret or secret == DOTS
        keeps = self._model.variant.cloud_sso_unread_secret == "keeps"  # noqa: S105
        if before.number and untouched and keeps:
            secret = before.client_secret
        return before.changed({**plain, "client_secret": secret, "claims": claims})

    def _objection(self, before: Directory, wanted: Directory) -> str:
        missing = [_TEXTS[name] for name in _REQUIRED if not getattr(wanted, name)]
        if missing:
            return f"{missing[0]} is required."
        return _too_many(self._model) if not before.number and self._model.is_full else ""

    async def delete(self, request: Request, session: Session) -> Response:
        form = await request.form()
        number = request.path_params["number"]
        if form.get(pages.TOKEN_NAME) != session.anti_forgery:
            return _expired()
        if not self._model.take(attempt_of(request), "write_dropped"):
            self._model.delete_directory(number)
        return _done(request, session, _DELETED, DIRECTORIES_PATH, stays=True)

    async def reveal(self, request: Request, session: Session) -> Response:
        form = await request.form()
        found = self._model.directory(request.path_params["number"])
        shows = self._model.variant.cloud_sso_directory_secret
        if form.get(pages.TOKEN_NAME) != session.anti_forgery or shows != "reveal":
            return _expired()
        return _unknown() if found is None else JSONResponse({"value": found.client_secret})

    async def discover(self, request: Request, session: Session) -> Response:
        form = await request.form()
        if form.get(pages.TOKEN_NAME) != session.anti_forgery:
            return _expired()
        try:
            found = await discovered(self._model.trust, str(form.get("discovery_domain", "")), "")
        except RefusedError as error:
            return JSONResponse({"message": error.detail}, HTTPStatus.BAD_REQUEST)
        names = {
            "authorization_url": "authorization_endpoint",
            "token_url": "token_endpoint",
            "userinfo_url": "userinfo_endpoint",
            "issuer": "issuer",
        }
        return JSONResponse({field: found.get(name, "") for field, name in names.items()})

    async def test(self, request: Request, _session: Session) -> Response:
        found = self._model.directory(request.path_params["number"])
        return _unknown() if found is None else self._federation.test(found)

    def _form(
        self,
        request: Request,
        session: Session,
        directory: Directory,
        *,
        notice: str = "",
        error: str = "",
    ) -> Response:
        fault = None
        if request.method == "GET":
            fault = self._model.take(attempt_of(request), "changed_page")
        rows = self._rows(directory)
        return pages.console_page(
            self._model,
            "directory.html",
            title=directory.name or "Add Directory",
            rows=rows if fault is None else faults.spoil_rows(rows, fault),
            action=request.url.path,
            discover_path=f"{DIRECTORIES_PATH}/discover",
            reveal_action=f"{DIRECTORIES_PATH}/{directory.number}/reveal",
            test_path=f"{DIRECTORIES_PATH}/{directory.number}/test" if directory.number else "",
            anti_forgery=session.anti_forgery,
            save="Save" if fault is None else faults.save_button(fault, "Save"),
            notice=notice,
            error=error,
        )

    def _rows(self, directory: Directory) -> list[Row]:
        rows = [
            Row(label, "text", getattr(directory, each), each) for each, label in _TEXTS.items()
        ]
        kind, shown = self._secret(directory)
        rows.append(Row(_SECRET, kind, shown, "client_secret"))
        for name, label in _SWITCHES.items():
            rows.append(Row(label, "checkbox", "on" if getattr(directory, name) else "", name))
        for name, label in _CLAIM_LABELS.items():
            rows.append(Row(label, "text", directory.claims.get(name, ""), f"claim_{name}"))
        # The vendor: shown only after the first save (product facts 4.3).
        if directory.number:
            rows.append(Row("Return URL", "shown", self._model.return_url, ""))
        return rows

    def _secret(self, directory: Directory) -> tuple[str, str]:
        shows = self._model.variant.cloud_sso_directory_secret
        if shows == "shown":
            return "text", directory.client_secret
        if shows == "absent" or not directory.client_secret:
            return "password", ""
        can_show = shows == "reveal" and directory.number
        return "concealed" if can_show else "password", DOTS


def _done(
    request: Request, session: Session, message: str, target: str, *, stays: bool
) -> Response:
    """Say that it is done: to a script whose page `stays` in its answer, else on `target`."""
    said = {"ok": True, "message": message}
    if pages.by_script(request) and stays:
        return JSONResponse(said)
    session.notice = message
    if pages.by_script(request):
        return JSONResponse({**said, "next": target})
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


def _too_many(model: CloudSsoModel) -> str:
    return f"Your edition allows {model.directory_limit} directories."


def _unknown() -> Response:
    return pages.error_page(HTTPStatus.NOT_FOUND, "There is no such directory.")


def _expired() -> Response:
    return pages.error_page(HTTPStatus.BAD_REQUEST, "The form has expired. Load the page again.")
