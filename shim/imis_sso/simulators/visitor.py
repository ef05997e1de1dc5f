"""A scripted person who signs in to a simulated iMIS: reads pages, fills in forms, goes on.

It knows the labels a person reads, no address but iMIS's own, and no setting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx

from imis_sso.simulators.directory.flavours import ALL
from imis_sso.simulators.imis.pages import SIGN_IN_PATH
from imis_sso.simulators.people import FLAVOURS, Person, somebody
from imis_sso.simulators.seen import Seen, seen

if TYPE_CHECKING:
    from imis_sso.simulators.simulation import Simulation

# A right sign-in takes nine answers.
_STEPS = 20
_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """How a sign-in ended, as the person saw it.

    `reason` is the short name on the page that refused, empty where nothing was refused; `where`
    is `imis`, `cloud_sso`, `directory`, or empty where no page of the simulation was seen last.
    """

    signed_in: bool
    reason: str = ""
    staff: bool = False
    where: str = ""
    name: str = ""
    detail: str = ""


async def sign_in(
    simulation: Simulation,
    environment: str,
    person: Person | None = None,
    *,
    browser: httpx.AsyncClient | None = None,
) -> Outcome:
    """Sign somebody in at an environment's iMIS, by default staff of the first directory.

    A `browser` of `open_browser`, its cookies cleared first, saves connecting anew each time.
    Whatever goes wrong is in the outcome; raises KeyError for an environment that is not there.
    """
    visitor = _Visitor(simulation, environment, person or somebody(FLAVOURS[0]))
    if browser is not None:
        browser.cookies.clear()
        return await visitor.go(browser)
    async with open_browser(simulation) as fresh:
        return await visitor.go(fresh)


def open_browser(simulation: Simulation) -> httpx.AsyncClient:
    """Give what a scripted person browses with; whoever opens it closes it."""
    return httpx.AsyncClient(verify=simulation.trust, timeout=_SECONDS, trust_env=False)


class _Visitor:
    def __init__(self, simulation: Simulation, environment: str, person: Person) -> None:
        self._start = simulation.imis(environment).base_url + SIGN_IN_PATH
        self._places = {
            urlsplit(url).port: place
            for name in simulation.environments
            for place, url in _addresses(simulation, name)
        }
        self._answers = {
            "E-mail": person.email,
            "Directory": ALL[person.directory].title,
            "User name": person.email,
            "Password": simulation.directory(environment).password,
        }

    async def go(self, browser: httpx.AsyncClient) -> Outcome:
        """Follow wherever the pages lead, until one says how it ended."""
        request = browser.build_request("GET", self._start)
        for _ in range(_STEPS):
            where = self._place(str(request.url))
            if where is None:
                return _failed("led-away", detail=request.url.host)
            try:
                answer = await browser.send(request)
            except httpx.HTTPError as error:
                return _unanswered(error, where)
            step = self._next(browser, answer, where)
            if isinstance(step, Outcome):
                return step
            request = step
        return _failed("led-in-circles")

    def _place(self, url: str) -> str | None:
        parts = urlsplit(url)
        is_here = parts.scheme == "https" and parts.hostname in {"127.0.0.1", "localhost"}
        return self._places.get(parts.port) if is_here else None

    def _next(
        self, browser: httpx.AsyncClient, answer: httpx.Response, where: str
    ) -> httpx.Request | Outcome:
        if answer.next_request is not None:
            return answer.next_request
        page = seen(answer.text)
        if page.reason or page.signed_in:
            return _ended(page, where)
        if page.form is None:
            return _failed(f"status-{answer.status_code}", where)
        target = urljoin(str(answer.url), page.form.action)
        return browser.build_request("POST", target, data=page.form.filled(self._answers))


def _ended(page: Seen, where: str) -> Outcome:
    if page.reason:
        return _failed(page.reason, where, page.text)
    return Outcome(signed_in=True, staff=page.signed_in == "staff", where=where, name=page.name)


def _failed(reason: str, where: str = "", detail: str = "") -> Outcome:
    return Outcome(signed_in=False, reason=reason, where=where, detail=detail)


def _unanswered(error: httpx.HTTPError, where: str) -> Outcome:
    is_certificate = "CERTIFICATE_VERIFY_FAILED" in str(error)
    return _failed("certificate" if is_certificate else "unanswered", where)


def _addresses(simulation: Simulation, name: str) -> list[tuple[str, str]]:
    return [
        ("imis", simulation.imis(name).base_url),
        ("cloud_sso", simulation.cloud_sso(name).base_url),
        ("directory", simulation.directory(name).base_url),
    ]
