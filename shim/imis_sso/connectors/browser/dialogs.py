"""Dialogs of a page: only the question of the save we meant is answered with yes."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Dialog, Page


class Dialogs:
    """Answers every dialog of a page at once, so that none can hold it up (product facts 4.5)."""

    def __init__(self, page: Page) -> None:
        self._armed = False
        self.declined = False
        page.on("dialog", self._answer)

    def expect_question(self) -> None:
        """Accept the next question, once: it is the one of the save that follows."""
        self._armed, self.declined = True, False

    def expect_none(self) -> None:
        """Decline every question from now on."""
        self._armed = self.declined = False

    async def _answer(self, dialog: Dialog) -> None:
        # "beforeunload" asks whether to leave, which saves nothing.
        if dialog.type == "beforeunload" or (dialog.type == "confirm" and self._armed):
            self._armed = self._armed and dialog.type == "beforeunload"
            await _quietly(dialog.accept())
            return
        self.declined = self.declined or dialog.type in {"confirm", "prompt"}
        await _quietly(dialog.dismiss())


async def _quietly(answer: Awaitable[None]) -> None:
    # A dialog may be gone with its page before it is answered.
    with suppress(Exception):
        await answer
