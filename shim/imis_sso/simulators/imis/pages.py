"""The public pages of the simulated iMIS: their addresses, and how they are rendered."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from imis_sso.simulators.rendering import Templates

if TYPE_CHECKING:
    from imis_sso.simulators.openid.client import RefusedError

HOME_PATH = "/"
"""Where the provider sends people back to: the Redirect login URL has no path (facts 2)."""
# Unknown: the address of the public sign-in page (product facts 3.5); clients have it configured.
SIGN_IN_PATH, CREDENTIALS_PATH = "/sign-in", "/sign-in/imis"
_TEMPLATES = Templates(Path(__file__).with_name("templates"))
_NO_STORE = {"Cache-Control": "no-store"}


def page(template: str, **values: object) -> Response:
    """Answer a page; everything in it is escaped."""
    return HTMLResponse(_TEMPLATES.render(template, **values), headers=_NO_STORE)


def credentials_page(why: RefusedError | None = None) -> Response:
    """Ask for iMIS credentials, saying why there is no other way."""
    return page(
        "credentials.html",
        title="Sign in with iMIS credentials",
        action=CREDENTIALS_PATH,
        reason=why.reason if why else "",
        detail=why.detail if why else "",
    )


def refusal_page(error: RefusedError) -> Response:
    """Say that a sign-in failed, and why."""
    text = _TEMPLATES.render(
        "refusal.html", title="Sign-in failed", reason=error.reason, detail=error.detail
    )
    return HTMLResponse(text, HTTPStatus.BAD_REQUEST, _NO_STORE)
