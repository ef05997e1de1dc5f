"""The dashboard's pages: which rows the settings form has, and how templates are rendered."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from imis_sso.simulators.rendering import Templates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from imis_sso.simulators.cloud_sso.model import CloudSsoModel
    from imis_sso.simulators.openid.client import RefusedError

DOTS = "\u2022" * 12
HOME_PATH, SECTION_PATH, SETTINGS_PATH = "/", "/directories", "/directories/imis"
DIRECTORIES_PATH, LOGOUT_PATH = "/directories/manage", "/account/logout"
TOKEN_NAME = "__RequestVerificationToken"  # noqa: S105 -- the name of a form field
INPUT_NAME = "ctl00$Main$txtReturn"
_TEMPLATES = Templates(Path(__file__).with_name("templates"))


@dataclass(frozen=True)
class Row:
    """One labelled field of a form, and the `name` under which it is sent.

    `kind` is `shown`, `reveal`, `copy`, `text`, `select`, `checkbox`, `password` or `concealed`: a
    password box beside a button that shows what is in it.
    """

    label: str
    kind: str
    value: str
    name: str = ""
    # Ids as generators make them: another one each time, telling nothing.
    id: str = field(default_factory=lambda: f"f{secrets.token_hex(4)}")

    def again(self) -> Row:
        """Give the same row once more, with an id of its own."""
        return replace(self, id=f"f{secrets.token_hex(4)}")

    def renamed(self, label: str) -> Row:
        """Give the row under another label."""
        return replace(self, label=label)

    def retyped(self) -> Row:
        """Give the row as another kind of field: an input as a list, a shown value as an input."""
        is_box = self.kind in {"text", "password", "concealed"}
        return replace(self, kind="select" if is_box else "text")


_OTHER_LABELS = {
    "Client ID": "Client identifier",
    "Client Secret": "Shared secret",
    "Discovery (Well-Known) URL": "Well-Known URL",
    "Issuer": "Issuer URL",
    "Redirect URL": "Redirect URI",
}
# Fields that a person would never take for the ones beside them.
_DECOYS = (
    ("Redirect URL of the mobile app", "text", ""),
    ("Previous Client ID", "shown", "none"),
    ("Notes", "text", "Ask the help desk before changing this page."),
)


def settings_rows(model: CloudSsoModel, redirect_url: str) -> list[Row]:
    """Give the rows of External Directories > iMIS SSO Settings (product facts 4.2)."""
    variant = model.variant
    kinds = {"shown": "shown", "reveal": "reveal", "copy": "copy"}
    kind = kinds.get(variant.cloud_sso_secret)
    secret = model.client_secret if kind == "shown" else DOTS
    rows = [
        Row("Client ID", "shown", model.client_id),
        *([Row("Client Secret", kind, secret)] if kind else []),
        Row("Discovery (Well-Known) URL", "shown", model.discovery_url),
        Row("Issuer", "shown", model.issuer),
        Row("Redirect URL", "text", redirect_url, INPUT_NAME),
    ]
    if variant.cloud_sso_labels == "other":
        rows = [each.renamed(_OTHER_LABELS[each.label]) for each in rows]
    if variant.cloud_sso_decoys:
        rows = [Row(*_DECOYS[0]), *rows[:2], Row(*_DECOYS[1]), *rows[2:], Row(*_DECOYS[2])]
    return rows[::-1] if variant.cloud_sso_order == "reversed" else rows


def is_of_the_single_page(path: str) -> bool:
    """Say whether a dashboard that is a single page shows what is at a path by script."""
    is_directory = re.fullmatch(rf"{DIRECTORIES_PATH}(/new|/\d+)?", path) is not None
    return is_directory or path in {HOME_PATH, SECTION_PATH, SETTINGS_PATH}


def by_script(request: Request) -> bool:
    """Say whether a script of a page sent a form, and waits for JSON."""
    return "application/json" in request.headers.get("accept", "")


def render(template: str, **values: object) -> str:
    """Render one of the templates beside this module; everything in it is escaped."""
    return _TEMPLATES.render(template, **values)


def console_page(model: CloudSsoModel, template: str, **values: object) -> Response:
    """Give a page of the dashboard for somebody who is signed in."""
    page = render(
        template,
        variant=model.variant,
        section_path=SECTION_PATH,
        settings_path=SETTINGS_PATH,
        directories_path=DIRECTORIES_PATH,
        logout_path=LOGOUT_PATH,
        token_name=TOKEN_NAME,
        **values,
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def claims_page(name: str, said: Mapping[str, object], mapping: Mapping[str, str]) -> Response:
    """Show what a directory said of the person who tried the connection (product facts 4.3)."""
    read_as = {claim: field for field, claim in mapping.items() if claim}
    page = render(
        "claims.html",
        title="Connection test",
        name=name,
        read_as=read_as,
        claims=sorted((claim, str(value)) for claim, value in said.items()),
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def error_page(
    status: HTTPStatus, message: str, title: str = "Error", reason: str = ""
) -> Response:
    """Say that something failed; `reason` is its short name, for tests."""
    page = render("error.html", title=title, message=message, reason=reason)
    return HTMLResponse(page, status)


def refusal_page(error: RefusedError) -> Response:
    """Say that a sign-in failed: a page with 400, never a redirect (RFC 6749 4.1.2.1)."""
    return error_page(HTTPStatus.BAD_REQUEST, error.detail, "Sign-in error", error.reason)


def sign_in_page(action: str, request: str, email: str, names: Sequence[str]) -> Response:
    """Ask a person who they are, and which of the directories knows them."""
    values = {"action": action, "request": request, "email": email, "names": names}
    page = render("sign_in.html", title="Sign in", **values)
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})
