"""The pages a person sees at a directory."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.responses import HTMLResponse, Response

from imis_sso.simulators.openid.client import RefusedError
from imis_sso.simulators.rendering import Templates

_TEMPLATES = Templates(Path(__file__).with_name("templates"))
_NO_STORE = {"Cache-Control": "no-store"}


def login_page(title: str, action: str, request: str, username: str, error: str = "") -> Response:
    """Ask for user name and password."""
    values = {"action": action, "request": request, "username": username, "error": error}
    return HTMLResponse(
        _TEMPLATES.render("login.html", title=title, **values),
        HTTPStatus.UNAUTHORIZED if error else HTTPStatus.OK,
        _NO_STORE,
    )


def form_post_page(action: str, fields: dict[str, str]) -> Response:
    """Have the browser post the answer (OAuth 2.0 Form Post Response Mode)."""
    text = _TEMPLATES.render("form_post.html", title="Signing in", action=action, fields=fields)
    return HTMLResponse(text, headers=_NO_STORE)


def refusal_page(error: RefusedError) -> Response:
    """Say that a sign-in failed, and why."""
    values = {"reason": error.reason, "detail": error.detail}
    text = _TEMPLATES.render("refusal.html", title="Sign-in failed", **values)
    return HTMLResponse(text, HTTPStatus.BAD_REQUEST, _NO_STORE)
