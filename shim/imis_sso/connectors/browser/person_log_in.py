"""A browser in which a person logs in for the service, with whatever factors the product wants.

The service never sees what the person types; it takes what the browser holds afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from imis_sso.connectors.browser import launch
from imis_sso.connectors.browser.description import LogInDescription
from imis_sso.connectors.browser.failures import (
    BrowserGone,
    CertificateRefused,
    translated,
    untrusted_certificate,
)
from imis_sso.connectors.browser.log_in_page import LogInPages
from imis_sso.connectors.browser.state import state_of
from imis_sso.connectors.browser.structure import find_link
from imis_sso.connectors.browser.survey import SeenAction, Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.watched import Trust
from imis_sso.domain.hosts import origin_of
from imis_sso.domain.kept_login import BrowserState
from imis_sso.domain.problems import UpstreamLoginRequired

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

_POLL_SECONDS: Final = 0.3


@dataclass(frozen=True)
class LogInPlace:
    """Where a person logs in: the address, the pages of the log-in, and what is there after it.

    `inside` are the names of a link that is seen by whoever is logged in, and by nobody else.
    """

    address: str
    title: str
    pages: LogInDescription
    inside: Sequence[str]


class Person(Protocol):
    """Whoever logs in, in the window that was opened for it."""

    async def sign_in(self, page: Page) -> None:
        """Begin to log in; may return at once and go on in the window."""


async def log_in_by_person(
    place: LogInPlace, person: Person, seconds: float, trust: Trust
) -> BrowserState:
    """Have a person log in, and give what the browser is then: what it holds, what it calls itself.

    Raises UpstreamLoginRequired where the window was closed or the time was over before that, and
    UpstreamUnavailable where there is no browser to open or the host is not trusted.
    """
    launched = await trust.start()
    try:
        context = await launched.browser.new_context(
            accept_downloads=False, service_workers="block", **_identity(trust, launched)
        )
        async with asyncio.timeout(seconds):
            return await _logged_in(context, place, person)
    except TimeoutError:
        raise _not_done(place, "the time was over") from None
    except CertificateRefused:
        raise untrusted_certificate(place.title) from None
    except BrowserGone:
        raise _not_done(place, "the window was closed") from None
    finally:
        await launch.stop(launched)


def _identity(trust: Trust, launched: launch.Launched) -> dict[str, Any]:
    if not trust.user_agent:
        return {}
    return {"user_agent": f"{launched.user_agent} {trust.user_agent}"}


async def _logged_in(context: BrowserContext, place: LogInPlace, person: Person) -> BrowserState:
    page = await context.new_page()
    origin = origin_of(place.address) or ""
    tab = Tab(page, origin, place.title, tuple, 0.0)
    with translated(place.title):
        await page.goto(place.address)
        await person.sign_in(page)
    pages = LogInPages(place.pages)
    inside = False
    while not inside:
        await asyncio.sleep(_POLL_SECONDS)
        inside = _is_inside(await tab.look(), pages, place, origin)
    with translated(place.title):
        agent = str(await page.evaluate("navigator.userAgent"))
        return await state_of(context, origin, agent)


def _is_inside(survey: Survey, pages: LogInPages, place: LogInPlace, origin: str) -> bool:
    if survey.origin != origin or not survey.loaded or pages.step(survey) is not None:
        return False
    return isinstance(find_link(tuple(place.inside), survey), SeenAction)


def _not_done(place: LogInPlace, why: str) -> UpstreamLoginRequired:
    return UpstreamLoginRequired(
        f"Nobody was seen to be logged in to {place.title} before {why}. It is seen by the link "
        f'"{place.inside[0]}" of its navigation.'
    )
