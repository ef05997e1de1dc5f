"""A person says what a product holds now: the confirmed state without any step before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.documents.base import Values, flatten, nested
from imis_sso.domain.problems import FieldError, InvalidSettings
from imis_sso.domain.resources import OPENID_CONNECT, RESOURCES, Resource
from imis_sso.domain.snapshots import Cause, State, content_of
from imis_sso.domain.validation import check_shape
from imis_sso.domain.violations import sentence
from imis_sso.services.manual_steps import Person, steps_of
from imis_sso.services.pair import Pair
from imis_sso.services.push import Shown


async def present(
    pair: Pair, documents: Mapping[str, Mapping[str, Any]], person: Person
) -> Sequence[str]:
    """Take a person's word for what a product holds now; gives the documents that were told.

    All documents on a record are told together, every field of them. Values are taken as the
    product has them: neither their form nor pins are judged. Raises `InvalidSettings`,
    `UnknownField`, StoreUnavailable.
    """
    told = _told(pair, documents)
    steps = steps_of(pair)
    for record in dict.fromkeys(each.record for each in told):
        mine = {each: body for each, body in told.items() if each.record == record}
        values: dict[str, str | bool] = {}
        for body in mine.values():
            values |= body
        entry = Entry(
            pair.name,
            Kind.CONFIRMED,
            person.who,
            origin=person.origin,
            facts={"present": [each.path for each in mine]},
        )
        states = [
            State(each.path, content_with(each, values, await held(pair, each)), Cause.FOUND)
            for each in mine
        ]
        await pair.journal.trail.append(entry, states)
        await steps.confirm(record, values, person.who)
        await steps.supersede([each.path for each in mine])
    return [each.path for each in told]


def _told(pair: Pair, documents: Mapping[str, Mapping[str, Any]]) -> Mapping[Resource, Values]:
    errors, found = [], dict[Resource, Values]()
    for path, body in documents.items():
        resource = next((each for each in RESOURCES if each.path == path), None)
        doors = None if resource is None else pair.doors.get(resource.product)
        if resource is None or doors is None or not any(each.assisted for each in doors.doors):
            errors.append(FieldError(path[:60], "is no document that a person confirms here"))
            continue
        found[resource], missing = _values(resource, body)
        errors += [FieldError(f"{path}.{each}", "is missing") for each in missing]
    for record in dict.fromkeys(each.record for each in found):
        beside = [each for each in RESOURCES if each.record == record and each not in found]
        errors += [FieldError(each.path, "is missing: it is on the same page") for each in beside]
    if errors or not found:
        msg = sentence(errors) if errors else "There is no document to confirm."
        raise InvalidSettings(msg, errors)
    return found


def _values(resource: Resource, body: Mapping[str, Any]) -> tuple[Values, list[str]]:
    keys = resource.document.secret
    if keys is not None:
        # What is known of a secret is not for a person to type.
        body = {key: each for key, each in body.items() if key not in (keys.ref, keys.version)}
    check_shape(resource.document, body)
    given = flatten(body)
    values = resource.document.defaults()
    return {path: given.get(path, each) for path, each in values.items()}, [
        path for path in values if path not in given
    ]


async def held(pair: Pair, resource: Resource) -> Shown:
    """Give name and version of the secret that was recorded of a document last."""
    recorded = await pair.secrets.recorded() if resource == OPENID_CONNECT else None
    return Shown() if recorded is None else Shown(recorded.ref, recorded.version)


def content_with(resource: Resource, values: Values, secret: Shown) -> Mapping[str, Any]:
    """Give a document as snapshots keep it; what is not among the values is left out."""
    keys = resource.document.secret
    known = {path: values.get(path, each) for path, each in resource.document.defaults().items()}
    shown = {}
    if keys is not None and keys.ref in resource.document.model_fields:
        shown = {keys.ref: secret.ref, keys.version: secret.version}
    unknown = [path for path in resource.document.defaults() if path not in values]
    document = resource.document.model_validate(nested(known) | shown)
    return content_of(document, unknown)
