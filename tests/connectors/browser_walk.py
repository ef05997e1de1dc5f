"""A small site with a log-in, and somebody who walks through it in a browser."""

from __future__ import annotations

from lone_guard import LoneGuard

from imis_sso.connectors.base import Credential
from imis_sso.connectors.browser.description import LogInDescription, PageDescription
from imis_sso.connectors.browser.form import read_form
from imis_sso.connectors.browser.log_in import LogIn
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import Way
from imis_sso.domain.problems import (
    UpstreamCredentialsRefused,
)
from imis_sso.domain.secret import Secret

PASSWORD = "pa55&word+1"

LOG_IN = LogInDescription.model_validate(
    {
        "fields": {
            "username": {"label": "User", "kind": "text"},
            "password": {"label": "Password", "kind": "secret"},
        },
        "submit": "Go",
        "choice": "Use a password",
        "refused": "nope",
    }
)

PAGE = PageDescription.model_validate(
    {
        "open": [["Section"], ["Page"]],
        "fields": {"text": {"label": "Text", "kind": "text"}},
        "save": {"button": "Save"},
    }
)

FORM = '<form method="post" {}>{}<button {}>Go</button></form>'

FIELDS = (
    '<label>User <input name="u"></label><label>Password <input name="p" type="password"></label>'
)

LOG_IN_FORM = FORM.format('action="/in"', FIELDS, "")

HOME = '<a href="/section">Section</a>'

SECTION = '<a href="/page">Page</a>'

SETTINGS = (
    '<form method="post" action="/saved"><label>Text <input name="t" value="v"></label>'
    "<button>Save</button></form>"
)


class Guard(LoneGuard):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def check(self, address: str, username: str, password: Secret) -> None:
        if password.reveal() in self.refused:
            msg = f"{username} was refused at {address}"
            raise UpstreamCredentialsRefused(msg)

    async def remember(self, address: str, username: str, password: Secret) -> None:
        self.refused.append(password.reveal())
        assert (address, username) == ("place", "me")


async def me() -> Credential:
    return Credential("me", Secret(PASSWORD))


class Walker:
    """A log-in and a way of its own for every test, on the browser that all share."""

    def __init__(self, session: BrowserSession, origin: str) -> None:
        self.session, self.guard = session, Guard()
        log_in = LogIn(LOG_IN, me, self.guard, address="place", others={})
        self.way = Way(f"{origin}/", log_in)

    async def read(self, seconds: float = 40) -> str | bool:
        async def work(tab: Tab) -> str | bool:
            found = await read_form(tab, PAGE, await self.way.open(tab, PAGE))
            return found.values["text"]

        return await self.session.run(work, seconds)
