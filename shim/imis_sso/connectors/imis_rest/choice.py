"""Which of several records is the one behind the page (product facts 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imis_sso.connectors.imis_rest.mapping import identity_of, value_of
from imis_sso.connectors.imis_rest.wire import Properties
from imis_sso.domain.problems import UpstreamRefused, WrongTenant

_MOST_NAMED: Final = 10


def choose(
    records: Sequence[Properties], pinned: str | None, last: str | None
) -> Properties | None:
    """Give the pinned record, else the only active one, else the only one, else the last one.

    None where there is no record. `last` is the id of the one served before: it keeps a record in
    hand whose mode we have just lowered beside others. Raises WrongTenant where the pinned one is
    missing, UpstreamRefused naming the records where it cannot be told.
    """
    if pinned is not None:
        return _pinned(records, pinned)
    active = [record for record in records if value_of(record, "mode") != "disabled"]
    for candidates in (active, records):
        if len(candidates) == 1:
            return candidates[0]
    known = [record for record in records if identity_of(record) == last]
    if not records or (known and not active):
        return known[0] if known else None
    count = "several active records" if active else "several records and none is active"
    raise UpstreamRefused(
        f"iMIS has {count}: {_named(records)}; name the one that is meant as provider_id in the "
        "registry"
    )


def _pinned(records: Sequence[Properties], pinned: str) -> Properties:
    for record in records:
        if identity_of(record) == pinned:
            return record
    found = f"it has {_named(records)}" if records else "it has none"
    raise WrongTenant(f'iMIS has no OpenID Connect record with the provider_id "{pinned}": {found}')


def _named(records: Sequence[Properties]) -> str:
    names = [f'"{identity_of(each)[:64]}"' for each in records[:_MOST_NAMED]]
    more = [f"{len(records) - _MOST_NAMED} more"] if len(records) > _MOST_NAMED else []
    return ", ".join(names + more)
