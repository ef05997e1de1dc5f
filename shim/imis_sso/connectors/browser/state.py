"""What makes a browser logged in at one origin: its cookies and storage there, and their end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imis_sso.domain.hosts import origin_of
from imis_sso.domain.kept_login import BrowserState
from imis_sso.domain.secret import Secret

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext


async def state_of(context: BrowserContext, origin: str, user_agent: str) -> BrowserState:
    """Give the state of a browser, as far as it is one origin's.

    What other origins gave it on the way, an identity provider for example, is none of ours.
    """
    found: Mapping[str, Any] = await context.storage_state()
    host = urlsplit(origin).hostname or ""
    cookies = [each for each in found["cookies"] if _is_for(str(each["domain"]), host)]
    origins = [each for each in found["origins"] if origin_of(each["origin"]) == origin]
    storage = json.dumps({"cookies": cookies, "origins": origins}, sort_keys=True)
    return BrowserState(Secret(storage), user_agent, _end(cookies))


def _is_for(domain: str, host: str) -> bool:
    bare = domain.removeprefix(".")
    return host == bare or (domain.startswith(".") and host.endswith(domain))


def _end(cookies: Sequence[Mapping[str, Any]]) -> datetime | None:
    # Inferred: cookies that scripts cannot read are those of the log-in. The first to end ends it.
    ends = [each["expires"] for each in cookies if each["httpOnly"] and each["expires"] > 0]
    return datetime.fromtimestamp(min(ends), UTC) if ends else None
