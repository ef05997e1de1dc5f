"""The pages of the simulated Staff site: their addresses, and how they are rendered."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from imis_sso.simulators.imis.relying_party import LICENCE
from imis_sso.simulators.imis.staff_form import SAVE_BUTTON, label_of
from imis_sso.simulators.rendering import Templates
from imis_sso.simulators.spoilt_rows import spoil_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imis_sso.simulators.faults import Fault
    from imis_sso.simulators.imis.model import ImisModel
    from imis_sso.simulators.imis.staff_form import Row

# Inferred: the Staff site lies below /Staff of the same host.
STAFF = "/Staff"
SIGN_IN, SIGN_OUT = f"{STAFF}/SignIn.aspx", f"{STAFF}/SignOut.aspx"
SETTINGS = f"{STAFF}/Settings/Default.aspx"
CONTACTS = f"{STAFF}/Settings/Contacts.aspx"
ABOUT = f"{STAFF}/Settings/About.aspx"
OPENID_CONNECT = f"{STAFF}/Settings/Contacts/OpenIDConnect.aspx"
#: WebForms sends the form to its own page for a changed list, too; here it has its own address, so
#: that it is not counted as a write.
REFRESH = f"{OPENID_CONNECT}/refresh"
REVEAL = f"{OPENID_CONNECT}/reveal"
_TEMPLATES = Templates(Path(__file__).with_name("templates"))
_NO_STORE = {"Cache-Control": "no-store"}


def shown(
    template: str, status: HTTPStatus = HTTPStatus.OK, headers: Any = None, **values: object
) -> Response:
    """Answer a page; everything in it is escaped."""
    text = _TEMPLATES.render(template, **values)
    return HTMLResponse(text, status, _NO_STORE | (headers or {}))


def site_page(model: ImisModel, template: str, title: str, **values: Any) -> Response:
    """Answer a page of somebody who is signed in, with the navigation around it."""
    is_licensed = LICENCE in model.licensed_features
    return shown(
        template,
        title=title,
        variant=model.variant,
        organisation=model.organisation,
        paths={
            "home": STAFF,
            "settings": SETTINGS,
            "contacts": CONTACTS,
            "about": ABOUT,
            "openid_connect": OPENID_CONNECT,
            "sign_out": SIGN_OUT,
        },
        offers_openid=is_licensed or model.variant.staff_unlicensed == "shown",
        **values,
    )


def spoilt(rows: Sequence[Row], fault: Fault | None) -> list[Row]:
    """Change the form as a fault says; the usual field is Client ID."""
    return list(rows) if fault is None else spoil_rows(rows, fault, "Client ID")


def form_page(
    model: ImisModel, rows: Sequence[Row], state: dict[str, str], fault: Fault | None, **said: str
) -> Response:
    """Answer the page OpenID Connect; `said` is a `notice` or an `error`."""
    renames = fault is not None and fault.params.get("label") == SAVE_BUTTON
    return site_page(
        model,
        "staff_settings.html",
        "OpenID Connect",
        rows=[(row, label_of(row.label, model.variant)) for row in spoilt(rows, fault)],
        save="Apply" if renames else SAVE_BUTTON,
        action=OPENID_CONNECT,
        refresh=REFRESH,
        reveal=REVEAL,
        state=state,
        notice=said.get("notice", ""),
        errors=[each for each in said.get("error", "").split("\n") if each],
    )


def server_error(message: str) -> Response:
    """Answer as WebForms does where it cannot go on."""
    return shown(
        "staff_error.html",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        title="Server Error in '/' Application.",
        message=message,
    )
