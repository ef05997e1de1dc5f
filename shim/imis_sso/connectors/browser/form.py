"""Reads a described page, and writes to it after comparing it with its description."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from imis_sso.connectors.browser.description import FieldDescription, PageDescription
from imis_sso.connectors.browser.failures import page_changed
from imis_sso.connectors.browser.filling import filled
from imis_sso.connectors.browser.saving import save
from imis_sso.connectors.browser.structure import (
    Comparison,
    compare,
    find_button,
    value_of,
)
from imis_sso.connectors.browser.survey import SeenAction, SeenField, Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View
from imis_sso.domain.problems import UpstreamChanged, UpstreamRefused
from imis_sso.domain.secret import ObservedSecret, Secret, Unreadable, observed_secret

logger = logging.getLogger(__name__)

FieldValues = Mapping[str, str | bool]


@dataclass(frozen=True, repr=False)
class PageValues:
    """What a page shows, by field. Neither values nor secrets print themselves."""

    values: FieldValues
    secrets: Mapping[str, ObservedSecret]


async def read_form(tab: Tab, page: PageDescription, view: View) -> PageValues:
    """Read every described field of a page that was just opened.

    Raises UpstreamPageChanged where one is missing, doubled, re-typed or shows an unknown text.
    """
    compared = view.comparison
    if compared.faults:
        raise page_changed(page.title, tuple(compared.faults.values()), tab.title)
    _warn(page, compared, tab)
    values = _values(tab, page, compared)
    secrets = {
        name: await _secret(tab, page, name, compared.seen.get(name))
        for name, field in page.fields.items()
        if field.secret
    }
    return PageValues(values, secrets)


def _warn(page: PageDescription, compared: Comparison, tab: Tab) -> None:
    for text in compared.warnings:
        logger.warning('the page "%s" of %s: %s', page.title, tab.title, text)


def _values(tab: Tab, page: PageDescription, compared: Comparison) -> dict[str, str | bool]:
    values: dict[str, str | bool] = {}
    for name, seen in compared.seen.items():
        field = page.fields[name]
        value = None if field.secret else value_of(field, seen)
        if value is not None:
            values[name] = value
        elif not field.secret:
            fault = f'"{field.label}" shows a text that is not among its described ones'
            raise page_changed(page.title, (fault,), tab.title)
    return values


async def _secret(
    tab: Tab, page: PageDescription, name: str, seen: SeenField | None
) -> ObservedSecret:
    if seen is None:
        return Unreadable.ABSENT
    found, field = _as_secret(seen), page.fields[name]
    if isinstance(found, Secret) or not field.reveal:
        return found
    if not await tab.reveal(seen, field.reveal):
        return found
    return await _revealed(tab, page.fields, name, found)


def _as_secret(seen: SeenField) -> ObservedSecret:
    # Dots are never a secret (product facts 4.5), and a password box shows nothing else.
    if seen.kind == "secret":
        return Unreadable.MASKED if seen.filled else Unreadable.ABSENT
    return observed_secret(seen.value)


async def _revealed(
    tab: Tab, fields: Mapping[str, FieldDescription], name: str, before: ObservedSecret
) -> ObservedSecret:
    last: ObservedSecret = before

    def shown_twice(survey: Survey) -> bool:
        # Twice the same: a text such as "Loading" on the way to the secret is none.
        nonlocal last
        seen = compare(fields, survey).seen.get(name)
        found = Unreadable.ABSENT if seen is None else _as_secret(seen)
        same = isinstance(found, Secret) and found == last
        last = found
        return same

    await tab.settle(shown_twice)
    return last


async def write_form(
    tab: Tab,
    page: PageDescription,
    view: View,
    change: FieldValues,
    base: FieldValues,
    *,
    secrets: Mapping[str, Secret] | None = None,
) -> None:
    """Fill in the changed fields, and the secrets given, and save.

    Raises UpstreamPageChanged or UpstreamChanged (nothing was written) where the page is not as
    described or shows other values than `base`, UpstreamRefused where a field does not take its
    value, and WriteUncertain for everything after Save was pressed.
    """
    secrets = secrets or {}
    selects = {name for name in change if page.fields[name].kind == "select"}
    # What a select hides may be touched too: it is looked for when the select is filled in.
    touched = {*change, *secrets} - (_depending(page) if selects else set())
    _check_structure(tab, page, view, touched)
    _check_base(tab, page, view.comparison, base)
    survey = await filled(tab, page, change, secrets)
    if await _unmasked(tab, page, survey, secrets):
        survey = await tab.look()
    _check_filled(tab, page, survey, {**base, **change})
    await save(tab, page, survey, _save_button(tab, page, survey))


async def _unmasked(
    tab: Tab, page: PageDescription, survey: Survey, secrets: Mapping[str, Secret]
) -> bool:
    """Show the secrets that are left alone, where the page can; tell whether it may have changed.

    What a save makes of a mask is unknown (product facts 3.5); a secret that is shown goes back as
    it is.
    """
    seen = compare(page.fields, survey).seen
    left = [
        name
        for name, each in page.fields.items()
        if each.secret and each.writable and each.reveal and name in seen and name not in secrets
    ]
    for name in left:
        await _secret(tab, page, name, seen[name])
    return bool(left)


def _depending(page: PageDescription) -> set[str]:
    return {name for name, field in page.fields.items() if field.hidden_with}


def _check_structure(tab: Tab, page: PageDescription, view: View, touched: Collection[str]) -> None:
    compared = view.comparison
    blocking = compared.blocking(touched)
    if blocking:
        raise page_changed(page.title, blocking, tab.title)
    _warn(page, compared, tab)
    for text in compared.faults.values():
        logger.warning('the page "%s" of %s: %s', page.title, tab.title, text)
    _save_button(tab, page, view.survey, may_be_disabled=True)


def _save_button(
    tab: Tab, page: PageDescription, survey: Survey, *, may_be_disabled: bool = False
) -> SeenAction:
    if page.save is None:
        raise page_changed(page.title, ("it is described without a way to save it",), tab.title)
    button = find_button(page.save.button, survey)
    if isinstance(button, SeenAction):
        return button
    if may_be_disabled and button.endswith("cannot be pressed"):
        return next(each for each in survey.actions if not each.enabled)
    raise page_changed(page.title, (button,), tab.title)


def _check_base(tab: Tab, page: PageDescription, compared: Comparison, base: FieldValues) -> None:
    moved = [
        page.fields[name].label
        for name, seen in compared.seen.items()
        if _is_input(page.fields[name]) and value_of(page.fields[name], seen) != base.get(name)
    ]
    if moved:
        msg = f"{tab.title} now shows another value in: {', '.join(moved)}. Nothing was written."
        raise UpstreamChanged(msg)


def _is_input(field: FieldDescription) -> bool:
    return field.writable and not field.secret


def _check_filled(tab: Tab, page: PageDescription, survey: Survey, meant: FieldValues) -> None:
    compared = compare(page.fields, survey)
    for name, seen in compared.seen.items():
        field = page.fields[name]
        # A field that a select brought to light has a value of its own, which nobody asked about.
        if not _is_input(field) or name not in meant:
            continue
        objection = seen.objection or (
            "the page does not keep the value" if value_of(field, seen) != meant[name] else ""
        )
        if objection:
            msg = f'{tab.title} does not take "{field.label}": {objection}. Nothing was written.'
            raise UpstreamRefused(msg)
