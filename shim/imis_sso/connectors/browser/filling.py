"""Fills in the fields of a described page, one select after the other, then all the rest.

A select may show and hide other fields (product facts 3.5), by a script or by sending the form and
loading the page anew, as WebForms does: so after each one the page is looked at afresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.failures import page_changed
from imis_sso.connectors.browser.structure import Comparison, compare, filling, value_of
from imis_sso.connectors.browser.survey import SeenField, Survey
from imis_sso.connectors.browser.tab import Tab
from imis_sso.domain.secret import Secret

# How long a page may take to begin with what a changed select makes it do.
_REACTION_SECONDS: Final = 0.12


async def filled(
    tab: Tab,
    page: PageDescription,
    change: Mapping[str, str | bool],
    secrets: Mapping[str, Secret],
) -> Survey:
    """Fill in every field that does not hold its value yet, and give the page as it is then.

    Raises UpstreamPageChanged where one of them is not there, or has no such option.
    """
    names = {*change, *secrets}
    selects = [name for name in change if page.fields[name].kind == "select"]
    for name in selects:
        compared = compare(page.fields, await tab.look())
        if _differs(page, compared, name, change[name]):
            await _fill(tab, page, name, _seen(tab, page, compared, {name})[name], change[name])
            await asyncio.sleep(_REACTION_SECONDS)
            await tab.settle(lambda survey: survey.loaded and _is_whole(page, survey, names))
    seen = _seen(tab, page, compare(page.fields, await tab.look()), names)
    for name, value in change.items():
        if value_of(page.fields[name], seen[name]) != value:
            await _fill(tab, page, name, seen[name], value)
    for name, secret in secrets.items():
        await tab.fill(seen[name], secret.reveal())
    return await tab.look()


def _differs(page: PageDescription, compared: Comparison, name: str, value: str | bool) -> bool:
    seen = compared.seen.get(name)
    return seen is None or value_of(page.fields[name], seen) != value


def _is_whole(page: PageDescription, survey: Survey, names: Collection[str]) -> bool:
    return not compare(page.fields, survey).blocking(names)


def _seen(
    tab: Tab, page: PageDescription, compared: Comparison, names: Collection[str]
) -> Mapping[str, SeenField]:
    wrong = compared.blocking(names)
    if wrong:
        raise page_changed(page.title, wrong, tab.title)
    return compared.seen


async def _fill(
    tab: Tab, page: PageDescription, name: str, seen: SeenField, value: str | bool
) -> None:
    put = filling(page.fields[name], seen, value)
    if put is None:
        fault = f'"{page.fields[name].label}" has no option for {value}'
        raise page_changed(page.title, (fault,), tab.title)
    await tab.fill(seen, put)
