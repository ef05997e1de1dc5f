"""External Directories > Manage Directories, by browser (product facts 4.3, contract 1.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.form import FieldValues, PageValues, read_form, write_form
from imis_sso.connectors.browser.listing import (
    ListedRecord,
    add_record,
    delete_record,
    listed,
    open_record,
)
from imis_sso.connectors.browser.page_files import labels_of
from imis_sso.connectors.browser.page_memory import PageWatch
from imis_sso.connectors.browser.pages_connector import SECRET
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View, Way
from imis_sso.connectors.browser.writing import write_page
from imis_sso.domain.bindings import Binding, Entry
from imis_sso.domain.documents import Directory, Registration
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import UpstreamChanged, UpstreamRefused
from imis_sso.domain.secret import Secret

PAGE: Final = "directory"
FIELDS: Final = frozenset(
    setting.path for model in (Directory, Registration) for setting in model.settings()
)
_SETTABLE: Final = frozenset(setting.path for setting in Directory.settings())
_MOST_NAMED: Final = 5


def labels() -> dict[str, str]:
    """Give the labels of the form, by field, from the models."""
    return labels_of(Directory, Registration)


class DirectoryPages:
    """The list of directories and their forms; `page` describes both.

    `watch` knows what was accepted of the page. A record is found by its address; where that is not
    known or leads nowhere, by issuer and client id, or by the one name that it was bound by. All
    methods run in a turn of the session.
    """

    def __init__(self, way: Way, page: PageDescription, watch: PageWatch) -> None:
        self._way, self._page, self._watch = way, page, watch
        self._secrets: dict[str, Secret] = {}

    @property
    def secrets(self) -> Sequence[Secret]:
        """The secrets that were seen or typed: they must never be in a message."""
        return tuple(self._secrets.values())

    async def entries(self, tab: Tab) -> Observed:
        """Read the list: an entry for each record."""
        found = await self._listed(tab)
        return Observed({}, entries=tuple(_entry(each) for each in found))

    async def read(self, tab: Tab, binding: Binding) -> Observed:
        """Read the record that a binding leads to; it does not exist where there is none."""
        found = await self._find(tab, binding)
        return Observed({}, exists=False) if found is None else self._observed(*found)

    async def write(self, tab: Tab, binding: Binding, change: Change, base: Observed) -> None:
        """Make a record, change one, or delete one; what is shown must still be `base`.

        Raises as `write_form` and `delete_record` do, and UpstreamChanged where the record is gone.
        """
        if change.removes:
            await self._delete(tab, binding, base)
            return
        # Unknown: what an untouched secret in the form does. So what was read goes back (3.5).
        secret = change.secret or base.secret
        secrets = {SECRET: secret} if isinstance(secret, Secret) else {}
        self._secrets |= {"typed": secret} if isinstance(secret, Secret) else {}
        if base.exists:
            await self._change(tab, change.values, base, secrets)
        else:
            await self._add(tab, change.values, secrets)

    async def _add(self, tab: Tab, values: FieldValues, secrets: Mapping[str, Secret]) -> None:
        await self._listed(tab)
        await add_record(tab, self._page)
        view = await self._way.form(tab, self._page)
        shown = await read_form(tab, self._page, view)
        await self._watch.writing(PAGE, self._page, view, {*values, *secrets})
        await write_form(tab, self._page, view, values, shown.values, secrets=secrets)

    async def _change(
        self, tab: Tab, values: FieldValues, base: Observed, secrets: Mapping[str, Secret]
    ) -> None:
        async def opened() -> View:
            await self._open_known(tab, base)
            view = await self._way.form(tab, self._page)
            # The form is saved as a whole: also a field that nobody touches must be as described.
            await read_form(tab, self._page, view)
            await self._watch.writing(PAGE, self._page, view, {*_SETTABLE, *secrets})
            return view

        before = {name: base.values[name] for name in _SETTABLE & base.values.keys()}
        await write_page(
            tab, self._way, self._page, opened, change=values, base=before, secrets=secrets
        )

    async def _delete(self, tab: Tab, binding: Binding, base: Observed) -> None:
        found = await self._find(tab, binding)
        if found is None or any(
            found[1].values.get(each) != base.values[each] for each in base.values
        ):
            msg = f"{tab.title} shows another directory than a moment ago. Nothing was deleted."
            raise UpstreamChanged(msg)
        records = [each for each in await self._listed(tab) if _is_record(each, found[0])]
        if len(records) != 1:
            msg = f"{tab.title} lists the directory {len(records)} times. Nothing was deleted."
            raise UpstreamChanged(msg)
        await delete_record(tab, self._page, records[0])

    async def _open_known(self, tab: Tab, base: Observed) -> None:
        wanted = base.raw if isinstance(base.raw, ListedRecord) else None
        if wanted is not None and wanted.address:
            await self._way.load(tab, self._page, wanted.address)
            return
        records = [each for each in await self._listed(tab) if wanted and _is_record(each, wanted)]
        if len(records) != 1:
            msg = f"{tab.title} lists the directory {len(records)} times. Nothing was written."
            raise UpstreamChanged(msg)
        await open_record(tab, self._page, records[0])

    async def _listed(self, tab: Tab) -> tuple[ListedRecord, ...]:
        await self._way.list(tab, self._page)
        return await listed(tab, self._page)

    async def _find(self, tab: Tab, binding: Binding) -> tuple[ListedRecord, PageValues] | None:
        if binding.record:
            view = await self._way.load(tab, self._page, binding.record)
            if view.comparison.present:
                shown = await read_form(tab, self._page, view)
                await self._watch.reading(PAGE, self._page, view)
                name = str(shown.values.get("name", ""))
                return ListedRecord(0, name, binding.record), shown
        return await self._search(tab, binding)

    async def _search(self, tab: Tab, binding: Binding) -> tuple[ListedRecord, PageValues] | None:
        by_name = not (binding.issuer or binding.client_id)
        records = await self._listed(tab)
        if by_name:
            records = tuple(each for each in records if _same(each.name, binding.name))
        found = []
        for position, each in enumerate(records):
            if position:
                await self._listed(tab)
            await open_record(tab, self._page, each)
            shown = await read_form(tab, self._page, await self._way.form(tab, self._page))
            if by_name or _is_of(shown, binding):
                found.append((each, shown))
        if len(found) > 1:
            raise _ambiguous(tab, [each for each, _ in found])
        return found[0] if found else None

    def _observed(self, record: ListedRecord, shown: PageValues) -> Observed:
        secret = shown.secrets[SECRET]
        if isinstance(secret, Secret):
            self._secrets[record.address or record.name] = secret
        values = {name: value for name, value in shown.values.items() if name in FIELDS}
        return Observed(values, secret, raw=record, entries=(_entry(record),))


def _entry(record: ListedRecord) -> Entry:
    return Entry(record.address, record.name)


def _is_record(listed: ListedRecord, wanted: ListedRecord) -> bool:
    # A list whose controls are buttons tells no address, whatever one is known from before.
    if wanted.address and listed.address:
        return listed.address == wanted.address
    return _same(listed.name, wanted.name)


def _same(one: str, other: str) -> bool:
    # The list shows white space as a browser does.
    return " ".join(one.split()) == " ".join(other.split())


def _is_of(shown: PageValues, binding: Binding) -> bool:
    wanted = (binding.issuer, binding.client_id)
    return (shown.values.get("issuer"), shown.values.get("client_id")) == wanted


def _ambiguous(tab: Tab, records: Sequence[ListedRecord]) -> UpstreamRefused:
    names = ", ".join(f'"{each.name[:64]}"' for each in records[:_MOST_NAMED])
    return UpstreamRefused(
        f"{tab.title} has {len(records)} directories that could be meant: {names}. Bind the key to "
        "one of them: imis-sso directories bind."
    )
