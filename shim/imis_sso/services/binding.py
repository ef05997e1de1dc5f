"""Binding the key of a collection to a record that is there, by the word of a person (1.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Entry as Line
from imis_sso.domain.audit import Kind
from imis_sso.domain.bindings import Binding, Entry
from imis_sso.domain.problems import AlreadyExists, FieldError, InvalidSettings, NotFound
from imis_sso.domain.resources import COLLECTIONS, Collection, Resource
from imis_sso.services.bindings import Bindings
from imis_sso.services.half import Half
from imis_sso.services.pair import Pair


@dataclass(frozen=True)
class Listed:
    """A record as a list shows it: under a key, or (`""`) under none."""

    key: str
    entry: Entry


async def known(pair: Pair, collection: Collection) -> tuple[Listed, ...]:
    """Give the keys that stand for a record, with the name it was seen with last.

    No product is asked (contract C3). Raises StoreUnavailable.
    """
    found = await _bindings(pair.half(collection.listing)).all()
    return tuple(Listed(key, Entry(each.record, each.name)) for key, each in found.items())


async def listed(pair: Pair, collection: Collection) -> tuple[Listed, ...]:
    """Read the list live; gives the records under keys first, by key, then the others.

    Raises what reading the product raises, and StoreUnavailable.
    """
    half = pair.half(collection.listing)
    known, seen = await asyncio.gather(_bindings(half).all(), half.observe(collection.listing))
    left, found = list(seen.entries), []
    for key, binding in known.items():
        entry = _entry_of(binding, left)
        if entry is not None:
            left.remove(entry)
            found.append(Listed(key, entry))
    return (*found, *(Listed("", each) for each in left))


def _entry_of(binding: Binding, entries: Sequence[Entry]) -> Entry | None:
    by_record = [each for each in entries if each.record and each.record == binding.record]
    by_name = [each for each in entries if not each.record and each.name == binding.name]
    return next(iter(by_record or by_name), None)


async def bind(pair: Pair, resource: Resource, wanted: Entry, who: str, origin: Origin) -> Binding:
    """Bind a key to the record of this name, or of this id where names are not enough.

    Nothing is written upstream. Raises `NotFound`, `InvalidSettings` where several go by the name,
    `AlreadyExists` where the record goes by another key, StoreUnavailable, and what reading raises.
    """
    half, key = pair.half(resource), resource.record.item
    collection = next(each for each in COLLECTIONS if each.item(key).path == resource.path)
    found = await listed(pair, collection)
    chosen = _chosen(wanted, found)
    if chosen.key not in ("", key):
        msg = f'"{chosen.entry.name}" goes by the key {chosen.key} already: unbind that first.'
        raise AlreadyExists(msg)
    leads = Binding(chosen.entry.record, chosen.entry.name)
    observed = await half.look_up(resource, leads)
    if not observed.exists:
        msg = f'"{chosen.entry.name}" is listed, but cannot be opened.'
        raise NotFound(msg)
    binding = leads.seen(chosen.entry.record, observed.values)
    await _record(pair, resource, binding, who, origin)
    await _bindings(half).keep(key, binding, who)
    return binding


async def unbind(pair: Pair, resource: Resource, who: str, origin: Origin) -> None:
    """Forget which record a key stands for; the product keeps it. Raises StoreUnavailable."""
    bindings = _bindings(pair.half(resource))
    if await bindings.get(resource.record.item) is not None:
        await _record(pair, resource, Binding(), who, origin)
        await bindings.forget(resource.record.item)


async def binding_of(pair: Pair, resource: Resource) -> Binding:
    """Give what a key is bound to; no product is asked. Raises `NotFound`, StoreUnavailable."""
    found = await _bindings(pair.half(resource)).get(resource.record.item)
    if found is None:
        msg = f"The key {resource.record.item} is bound to no record of {pair.name}."
        raise NotFound(msg)
    return found


def _bindings(half: Half) -> Bindings:
    if half.bindings is None:
        msg = "this half has no bindings"
        raise RuntimeError(msg)
    return half.bindings


def _chosen(wanted: Entry, found: Sequence[Listed]) -> Listed:
    field = "record" if wanted.record else "name"
    given = wanted.record or wanted.name
    hits = [each for each in found if getattr(each.entry, field) == given]
    if len(hits) == 1:
        return hits[0]
    if not hits:
        names = ", ".join(f'"{each.entry.name}"' for each in found) or "none"
        msg = f'There is no record with the {field} "{given[:64]}"; there is: {names}.'
        raise NotFound(msg)
    records = ", ".join(each.entry.record for each in hits)
    detail = f"is the name of several records; say which by record: {records}"
    raise InvalidSettings(f"name {detail}.", [FieldError("name", detail)])


async def _record(
    pair: Pair, resource: Resource, binding: Binding, who: str, origin: Origin
) -> None:
    facts = binding.as_dict()
    line = Line(pair.name, Kind.BOUND, who, resource.path, origin=origin, facts=facts)
    await pair.journal.trail.append(line)
