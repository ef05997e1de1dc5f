"""Writes to a page that shows what the product holds, also where the session ends in between.

A save is never repeated because its outcome is unknown. There is one case in which it is known
that nothing was saved: the product answered the save with its log-in page, and the page loaded
afresh, after a new log-in, shows the old value in everything that was to change. Then the save is
done once more. A failure of the second one is the end of it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Final

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.failures import BrowserGone
from imis_sso.connectors.browser.form import FieldValues, write_form
from imis_sso.connectors.browser.structure import value_of
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View, Way
from imis_sso.domain.problems import Problem
from imis_sso.domain.secret import Secret

logger = logging.getLogger(__name__)

# RFC 9110 section 15.5.2, and what frameworks and servers answer for an ended session.
_LOGGED_OUT: Final = frozenset({401, 419, 440})


class _Held(Enum):
    """What the page shows of a change after a save that was not answered."""

    OLD = "old"
    NEW = "new"
    NEITHER = "neither"


async def write_page(
    tab: Tab,
    way: Way,
    page: PageDescription,
    opened: Callable[[], Awaitable[View]],
    *,
    change: FieldValues,
    base: FieldValues,
    secrets: Mapping[str, Secret],
) -> None:
    """Open a page, fill in the changed fields and save; `base` is what it must show before.

    `opened` opens it by the way, logging in where that is asked for, and checks what must be
    checked before every write. Not for a page that adds something: its fields are empty whether
    anything was added or not. Raises as `opened` and `write_form`.
    """
    view = await opened()
    try:
        await write_form(tab, page, view, change, base, secrets=secrets)
    except WriteUncertain:
        if not await _session_ended(tab, way):
            raise
        # From here on a failure leaves the outcome open, for Save was pressed.
        view = await opened()
        held = _held(page, view, change, base)
        # A page that shows the new values does not show whether it has the new secret, too.
        if held is _Held.NEITHER or (held is _Held.NEW and secrets):
            raise
    else:
        return
    if held is _Held.OLD:
        logger.info("the session at %s ended before the save, which is done now", tab.title)
        tab.pressed_save = False
        await write_form(tab, page, view, change, base, secrets=secrets)


async def _session_ended(tab: Tab, way: Way) -> bool:
    sent = tab.traffic.sent
    if not sent or not all(each.finished for each in sent):
        return False
    if any(each.status in _LOGGED_OUT for each in sent):
        return True
    try:
        return way.shows_log_in(await tab.look())
    except (Problem, BrowserGone):
        return False


def _held(page: PageDescription, view: View, change: FieldValues, base: FieldValues) -> _Held:
    seen = view.comparison.seen
    told = [name for name in change if not page.fields[name].secret]
    moving = [name for name in told if change[name] != base.get(name)]
    if not moving or any(name not in seen for name in moving):
        return _Held.NEITHER
    shown = {name: value_of(page.fields[name], seen[name]) for name in moving}
    if all(shown[name] == base.get(name) for name in moving):
        return _Held.OLD
    is_new = len(told) == len(change) and all(shown[name] == change[name] for name in moving)
    return _Held.NEW if is_new else _Held.NEITHER
