"""Going from a page of iMIS to where its sign-in leaves for the provider, as a stranger would.

Every step stays at the page's own host; the first redirect away from it is what is looked for, and
is not followed. No account is used: an invented e-mail address is all that is ever sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final, TypedDict
from urllib.parse import urljoin

import httpx

from imis_sso.connectors.egress import SECONDS, Egress, Fetched, FetchFailed
from imis_sso.connectors.oidc.asking import reply_of, unanswered
from imis_sso.connectors.oidc.page import NOBODY, Page
from imis_sso.domain.egress import EgressRefused
from imis_sso.domain.evidence import Reply, SignInSeen
from imis_sso.domain.hosts import origin_of

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_STEPS: Final = 8
# Pages that keep their state in the form are large.
_LARGEST: Final = 2 * 1024 * 1024
_Step = tuple[str, Mapping[str, str] | None]


class Limits(TypedDict):
    """Limits of one request."""

    seconds: float
    largest: int


class Visit:
    """Follows the sign-in of one site; `seconds` bounds each step."""

    def __init__(self, egress: Egress, seconds: float = SECONDS) -> None:
        self._egress, self._seconds = egress, seconds

    async def follow(self, start: str) -> SignInSeen:
        """Follow redirects, the sign-in link and the form for an address. Never raises.

        `address` of what is given is the page that was looked at last, `reply` where it leads.
        """
        step: _Step | None = (start, None)
        cookies: dict[str, str] = {}
        address, reply = start, Reply()
        for _ in range(_MOST_STEPS):
            if step is None:
                break
            address, form = step
            try:
                found = await self._take(address, form, cookies)
            except (EgressRefused, FetchFailed) as reason:
                return SignInSeen(address, unanswered(reason))
            cookies |= _cookies(found.headers)
            reply = reply_of(found, document=False)
            step = _next(address, found)
        return SignInSeen(address, reply)

    async def _take(
        self, address: str, form: Mapping[str, str] | None, cookies: Mapping[str, str]
    ) -> Fetched:
        kept = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        headers = {"Accept": "text/html", **(kept if cookies else {})}
        limits: Limits = {"seconds": self._seconds, "largest": _LARGEST}
        if form is None:
            return await self._egress.get(address, headers, **limits)
        return await self._egress.post(address, form, headers, **limits)


def _next(address: str, found: Fetched) -> _Step | None:
    if found.status in _REDIRECTS:
        further = urljoin(address, found.headers.get("location", ""))
        return (further, None) if origin_of(further) == origin_of(address) else None
    if found.status != HTTPStatus.OK:
        return None
    page = Page(found.body.decode("utf-8", "replace"), address)
    form = page.address_form()
    if form is not None:
        return form.action, form.filled(NOBODY)
    link = page.sign_in_link()
    if link is None or link == address or origin_of(link) != origin_of(address):
        return None
    return link, None


def _cookies(headers: httpx.Headers) -> Iterable[tuple[str, str]]:
    for line in headers.get_list("set-cookie"):
        name, is_one, value = line.partition(";")[0].partition("=")
        if is_one:
            yield name.strip(), value.strip()
