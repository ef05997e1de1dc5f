"""Finding a snapshot by what people call it (contract section 7)."""

from __future__ import annotations

import re
from typing import Final

from imis_sso.domain.problems import FieldError, InvalidSettings, NotFound
from imis_sso.domain.resources import RESOURCES
from imis_sso.domain.snapshots import OURS, Content, Snapshot
from imis_sso.services.pair import Pair
from imis_sso.services.status import items

LATEST: Final = "latest"
LAST_APPLIED: Final = "last-applied"
SHORTEST: Final = 6
WHOLE: Final = 32
_ID = re.compile(rf"[0-9a-f]{{{SHORTEST},{WHOLE}}}")
_NUMBER = re.compile(r"[0-9]{1,9}")


async def snapshot(pair: Pair, name: str) -> Snapshot:
    """Give the snapshot of a name.

    A name is a whole id, at least `SHORTEST` digits that no other id begins with, the number of an
    entry of the history, `latest`, or `last-applied`: each document as we made it last. Raises
    `NotFound`, `InvalidSettings` for digits that fit several, StoreUnavailable.
    """
    if name == LATEST:
        return _found(name, await pair.history.latest(pair.name))
    if name == LAST_APPLIED:
        return await _last_applied(pair)
    entry = await pair.history.moment(pair.name, int(name)) if _NUMBER.fullmatch(name) else None
    ids = [entry.snapshot] if entry else []
    if _ID.fullmatch(name):
        ids += await pair.history.beginning(pair.name, name)
    if len(set(ids)) > 1:
        detail = f"is {name}, which {' and '.join(sorted(set(ids)))} fit: give more of it"
        raise InvalidSettings(f"The snapshot {detail}.", [FieldError("snapshot", detail)])
    return _found(name, await pair.history.snapshot(pair.name, ids[0]) if ids else None)


async def _last_applied(pair: Pair) -> Snapshot:
    documents: dict[str, Content] = {}
    for each in (*RESOURCES, *await items(pair)):
        entry = await pair.history.last(pair.name, each.path, OURS)
        kept = entry and await pair.history.snapshot(pair.name, entry.snapshot)
        if kept:
            documents[each.path] = kept.documents[each.path]
    return _found(LAST_APPLIED, Snapshot(pair.name, documents) if documents else None)


def _found(name: str, snapshot: Snapshot | None) -> Snapshot:
    if snapshot is None:
        msg = f"There is no snapshot {name[:WHOLE]!r}; GET the environment's /snapshots lists them."
        raise NotFound(msg)
    return snapshot
