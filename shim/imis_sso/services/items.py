"""What only items of a collection meet: there may be none yet, or too many (contract 1.3)."""

from __future__ import annotations

from imis_sso.domain.bindings import Binding
from imis_sso.domain.problems import (
    AlreadyExists,
    DirectoryProtected,
    FieldError,
    InvalidSettings,
    NotFound,
)
from imis_sso.domain.resources import DIRECTORIES, Resource
from imis_sso.services.gates import Passage
from imis_sso.services.order import Draft, Order
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading

ORPHANS = (
    "Cloud SSO prefixes the ids of a directory's people with its own number of the record, so "
    "deleting and making it again very probably makes strangers of everybody who is linked through "
    "it. Leave it in Cloud SSO with on_destroy=retain, or delete it on purpose with "
    "?on_destroy=delete&force=true and a token with the scope admin."
)
"""Inferred (product facts 4.3): nobody has documented what becomes of linked people."""


def existing(pair: Pair, reading: Reading) -> Reading:
    """Give a reading of something that is there.

    Raises `NotFound` for the key of a collection that is bound to no record, or whose record is
    gone. A singleton is always there (contract C4).
    """
    resource = reading.resource
    if reading.observed.exists or not resource.record.item:
        return reading
    raise _not_there(pair, resource)


def _not_there(pair: Pair, resource: Resource) -> NotFound:
    key = resource.record.item
    msg = (
        f"{pair.name} has no record under the key {key}: none was bound to it, or it was deleted "
        f"in Cloud SSO. PUT makes one; imis-sso directories bind {pair.name} {key} NAME takes one "
        "that is there."
    )
    return NotFound(msg)


def required(pair: Pair, order: Order, live: Reading) -> Reading:
    """Give the reading that a write begins from. Raises `NotFound` where the order demands one."""
    return existing(pair, live) if order.must_exist else live


async def require_possible(pair: Pair, draft: Draft) -> None:
    """Refuse to make a record that is there already, or that is one too many.

    A record that is given another's issuer and client id is as bad as a second one.

    Raises `AlreadyExists`, `InvalidSettings`, and what reading the product raises.
    """
    resource, exists = draft.resource, draft.live.observed.exists
    is_another = not exists or {"issuer", "client_id"} & draft.changed.keys()
    if not resource.record.item or draft.order.removes or not is_another:
        return
    half = pair.half(resource)
    entries = (await half.observe(DIRECTORIES.listing)).entries
    values = draft.wanted.values()
    same = Binding("", "", str(values["issuer"]), str(values["client_id"]))
    found = await half.look_up(resource, same) if entries else None
    if found is not None and found.exists:
        raise await _exists(pair, resource, str(found.values.get("name", "")), same)
    limit = pair.policy.directory_limit
    if limit is not None and not exists and len(entries) >= limit:
        raise _too_many(len(entries), limit)


async def _exists(pair: Pair, resource: Resource, name: str, same: Binding) -> AlreadyExists:
    bindings = pair.half(resource).bindings
    known = {} if bindings is None else await bindings.all()
    keys = [
        key
        for key, each in known.items()
        if (each.issuer, each.client_id) == (same.issuer, same.client_id)
    ]
    command = f'imis-sso directories bind {pair.name} {resource.record.item} "{name}"'
    advice = f"If it is the one that is meant: {command}."
    if keys:
        advice = f"It goes by the key {keys[0]}: use that."
    detail = f'are those of the record "{name}", which is there already'
    errors = [FieldError(each, detail) for each in ("issuer", "client_id")]
    return AlreadyExists(
        f'Cloud SSO has a directory with this issuer and client id already, "{name}": a second one '
        f"is not made. {advice}",
        errors,
    )


def _too_many(count: int, limit: int) -> InvalidSettings:
    pin = "the registry's key cloud_sso.directory_limit"
    detail = f"would be directory {count + 1}: {pin} allows {limit}"
    return InvalidSettings(f"The directory {detail}.", [FieldError("id", detail)])


def protected(draft: Draft) -> Passage:
    """Refuse to delete a directory unless an administrator insists (contract 1.3).

    Raises `DirectoryProtected`.
    """
    if not draft.order.removes:
        return Passage()
    if draft.order.force:
        return Passage(forced=(DirectoryProtected.slug,))
    name = draft.live.document.model_dump().get("name", "")
    raise DirectoryProtected(f'The directory "{name}" is not deleted: {ORPHANS}')
