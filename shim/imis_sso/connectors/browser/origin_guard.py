"""While credentials are on the page, nothing of it is sent to another origin (contract C45).

A form's address is checked before anything is typed; this also stops what comes after it, for
example a redirect that makes the browser send the form once more to another host.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imis_sso.connectors.browser.traffic import is_on

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page


@asynccontextmanager
async def sent_only_to(page: Page, origin: str) -> AsyncIterator[None]:
    """Stop every request of the page to another origin that carries a body or leaves the page.

    The library's own interception does not see redirects, so Chromium's is used directly.
    """
    session = await page.context.new_cdp_session(page)
    answers: set[asyncio.Task[None]] = set()

    def judge(event: dict[str, Any]) -> None:
        task = asyncio.ensure_future(_judge(session, event, origin))
        answers.add(task)
        task.add_done_callback(answers.discard)

    session.on("Fetch.requestPaused", judge)
    await session.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
    try:
        yield
    finally:
        with suppress(Exception):  # the page may be gone, and with it the guard's purpose
            await session.send("Fetch.disable")
            await session.detach()
        await asyncio.gather(*answers, return_exceptions=True)


async def _judge(session: CDPSession, event: dict[str, Any], origin: str) -> None:
    identity = {"requestId": event["requestId"]}
    with suppress(Exception):  # a request that is gone needs no verdict
        if _may_pass(event, origin):
            await session.send("Fetch.continueRequest", identity)
        else:
            refusal = {**identity, "errorReason": "BlockedByClient"}
            await session.send("Fetch.failRequest", refusal)


def _may_pass(event: dict[str, Any], origin: str) -> bool:
    request = event["request"]
    is_local = urlsplit(request["url"]).scheme in {"data", "blob"}
    if is_local or is_on(origin=origin, url=request["url"]):
        return True
    is_reading = request["method"] == "GET" and not request.get("hasPostData")
    return is_reading and event.get("resourceType") != "Document"
