"""A member of staff who signs in: reads the pages of the simulated products, as people do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from script.demonstration.stage import NotAsPromisedError

from imis_sso.cli.attest import begin, finish, watched
from imis_sso.cli.target import Target
from imis_sso.connectors.browser.watched import Trust
from imis_sso.simulators.people import PEOPLE
from imis_sso.simulators.window import sign_in_window

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from playwright.async_api import Page
    from script.demonstration.stage import Stage

SECONDS = 60.0


class Member:
    """The scripted person of the demonstration; on a real tenant it is somebody at a window."""

    def __init__(self, password: str) -> None:
        self._password, self._page = password, None
        self._person = PEOPLE[0]

    async def sign_in(self, page: Page) -> None:
        """Give the e-mail address, choose the directory, log in there."""
        self._page: Page | None = page
        await sign_in_window(page, self._person, self._password)

    async def is_signed_in(self) -> bool:
        """Read what iMIS says of them."""
        if self._page is None:
            return False
        said = await self._page.get_by_role("status").inner_text()
        return said.startswith("Signed in as") and said.endswith("staff.")


def attest(stage: Stage) -> dict[str, Any]:
    """Sign in, watched, and put it on record; gives the record."""
    environment = stage.ready["environments"]["test"]
    target = Target(_no_file(stage), stage.ready["base_url"], stage.ready["token"])
    now = begin(target, "test")
    hosts = [
        environment[f"{each}_url"].split("//")[1] for each in ("imis", "cloud_sso", "directory")
    ]
    trust = Trust(stage.authority, tuple(hosts), headless=True)
    member = Member(environment["directory_password"])
    seen, signed_in = watched(now, member, trust, SECONDS)
    if not signed_in:
        msg = f"the sign-in did not work: {seen}"
        raise NotAsPromisedError(msg)
    return finish(target, now, (seen, signed_in))


def _no_file(stage: Stage) -> Path:
    return stage.log.with_name("no-registry.yaml")
