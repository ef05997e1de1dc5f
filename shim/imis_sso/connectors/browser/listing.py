"""A page that lists records: which there are, and how one is opened, added or deleted.

As with forms, everything is found by visible text: the product facts name no label of this page
(4.5), so the page file gives several for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.browser.description import PageDescription, RecordsDescription
from imis_sso.connectors.browser.failures import page_changed
from imis_sso.connectors.browser.saving import Deed, outcome
from imis_sso.connectors.browser.structure import find_link
from imis_sso.connectors.browser.survey import SeenAction, Survey
from imis_sso.connectors.browser.tab import Tab

_PRESS_FAULTS: Final = {
    "moved": "its list changed while it was looked at",
    "several": "has several controls for it",
    "missing": "has no control for it",
    "away": "has a control for it that leads away",
}


@dataclass(frozen=True)
class ListedRecord:
    """One record of a list: its place, its name, and the address that opens it.

    The address is without the origin, and empty where the record is opened by a button.
    """

    index: int
    name: str
    address: str


def records_of(page: PageDescription) -> RecordsDescription:
    """Give how a page's records are listed. Raises ValueError where the page file does not say."""
    if page.records is None:
        msg = f'the page file of "{page.title}" says nothing of records'
        raise ValueError(msg)
    return page.records


def is_list(page: PageDescription, survey: Survey) -> bool:
    """Tell whether a page shows a list: something can be added to it, or opened from it."""
    names = {each.casefold() for each in records_of(page).add}
    can_add = any(each.name.casefold() in names for each in survey.actions)
    return can_add or bool(shown_records(page, survey))


def shown_records(page: PageDescription, survey: Survey) -> list[SeenAction]:
    """Give the controls that open a record; a list may be there before its records are."""
    names = [each.casefold() for each in records_of(page).edit]
    starts = tuple(f"{name} " for name in names)
    return [
        each
        for each in survey.actions
        if each.name.casefold() in names or each.name.casefold().startswith(starts)
    ]


async def listed(tab: Tab, page: PageDescription) -> tuple[ListedRecord, ...]:
    """Give the records of the list that is shown.

    Raises UpstreamPageChanged where two records cannot be told apart.
    """
    found = await tab.ask(_script(), {"op": "list", "edit": _lower(records_of(page).edit)})
    if not all(each["single"] for each in found):
        raise page_changed(page.title, ("its records cannot be told apart",), tab.title)
    return tuple(
        ListedRecord(index, each["name"], each["address"]) for index, each in enumerate(found)
    )


async def open_record(tab: Tab, page: PageDescription, record: ListedRecord) -> None:
    """Open a record from the list that is shown."""
    if record.address:
        await tab.load(f"{tab.origin}{record.address}")
    else:
        await _press(tab, page, record, records_of(page).edit)


async def add_record(tab: Tab, page: PageDescription) -> None:
    """Open the empty form from the list that is shown.

    Raises UpstreamPageChanged where nothing can be added.
    """
    link = find_link(records_of(page).add, await tab.look())
    if isinstance(link, str):
        raise page_changed(page.title, (link,), tab.title)
    if link.href and tab.is_own(link.href):
        await tab.load(link.href)
    else:
        await tab.press(link)


async def delete_record(tab: Tab, page: PageDescription, record: ListedRecord) -> None:
    """Press the control that deletes a record, say yes to its question, and wait for the end.

    Raises UpstreamPageChanged where there is none and nothing was pressed, and WriteUncertain for
    everything after it. Whether the record is gone, only the list loaded afresh can tell.
    """
    before = await tab.look()
    tab.dialogs.expect_question()
    tab.traffic.watch()
    try:
        await _press(tab, page, record, records_of(page).delete, saves=True)
        problem = await outcome(tab, page, before, _deletion(page, before))
    finally:
        tab.dialogs.expect_none()
    if problem is not None:
        raise WriteUncertain(problem)


async def _press(
    tab: Tab,
    page: PageDescription,
    record: ListedRecord,
    names: tuple[str, ...],
    *,
    saves: bool = False,
) -> None:
    request = {
        "op": "press",
        "edit": _lower(records_of(page).edit),
        "press": _lower(names),
        "index": record.index,
        "name": record.name,
        "address": record.address,
        "origin": tab.origin,
    }
    tab.pressed_save = saves
    answer = await tab.ask(_script(), request)
    if answer != "pressed":
        tab.pressed_save = False
        fault = f'"{names[0]}": the list {_PRESS_FAULTS[answer]}'
        raise page_changed(page.title, (fault,), tab.title)


def _deletion(page: PageDescription, before: Survey) -> Deed:
    agree = () if page.save is None else page.save.agree
    least = len(shown_records(page, before))
    return Deed(
        "its delete button",
        "the deletion",
        (*agree, *records_of(page).delete),
        done=lambda survey: is_list(page, survey) and len(shown_records(page, survey)) < least,
        shown=lambda survey: is_list(page, survey),
    )


def _lower(names: tuple[str, ...]) -> list[str]:
    return [" ".join(each.lower().split()) for each in names]


@cache
def _script() -> str:
    return files(__package__).joinpath("listing.js").read_text(encoding="utf-8")
