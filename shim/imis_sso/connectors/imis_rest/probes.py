"""What a real tenant allows over REST, asked without writing (product facts 3.2).

The order is that of the product facts: metadata, list, permission, validation; then what else a
connector rests on. The list is read once more at the end: it has to be what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from imis_sso.connectors.imis_rest import mapping, shapes, wire
from imis_sso.connectors.imis_rest.asking import Asking, Judge, LogInFailed, Question
from imis_sso.connectors.imis_rest.judging import READABLE, about_records, about_settings, contract
from imis_sso.connectors.imis_rest.transport import Answer, Request
from imis_sso.domain.observed import Change, Finding, Shape
from imis_sso.domain.resources import LICENCE

_ENTITY: Final = "api/OpenIDProvider"
_JSON: Final = {"Content-Type": "application/json"}
_INTERNAL: Final = (
    "Is the entity OpenIDProvider meant to be served over REST to an account with the roles "
    "RemoteService and SysAdmin, and from which version of iMIS on?"
)
_METADATA: Final = Question(
    Request("GET", "api/metadata/OpenIDProvider"),
    "Does iMIS know the OpenID Connect record over REST?",
    "imis.metadata-served",
    "metadata",
    ask=_INTERNAL,
)
_LIST: Final = Question(
    Request("GET", f"{_ENTITY}?limit=100&offset=0"),
    "Can the OpenID Connect record be read over REST?",
    "imis.record-served",
    "records",
    need="read",
    ask=_INTERNAL,
)
_PERMISSION: Final = Question(
    Request("POST", f"{_ENTITY}/_haspermission/Update"),
    "May the service account change the record?",
    "imis.permission",
    "permission",
    need="write",
    ask="Which roles let an account change OpenIDProvider over REST?",
)
_SETTINGS: Final = Question(
    Request("GET", "api/SystemSettings/0"),
    "Does iMIS tell the licensed organisation and its version?",
    "imis.system-settings",
    "system-settings",
    ask="By which request can the licensed organisation and the version be read?",
)
_LOG_IN: Final = "Does iMIS give the service account a token?"
_LICENCE: Final = Finding(
    "Does iMIS tell over REST whether OpenID Connect is licensed?",
    "no route for it is known; the licence reads as unknown",
    claim="imis.licence-over-rest",
    resources=(LICENCE.path,),
    ask="Is there a REST request that lists the licensed features?",
)


async def findings(asking: Asking, pinned: str | None = None) -> Sequence[Finding]:
    """Ask everything in its order.

    Nothing is written. What cannot be found out is a finding too, never an error; where the log-in
    fails nothing more is asked.
    """
    try:
        answer = await asking.knock(_METADATA.request)
    except LogInFailed as failure:
        held = False if failure.refused else None
        return [Finding(_LOG_IN, failure.detail, held, claim="imis.token", need="read")]
    found = [*_logged_in(asking), *asking.judged(_METADATA, answer, _metadata(asking))]
    records: list[wire.Properties] = []
    found += await _records(asking, records, pinned)
    found += await asking.put(_PERMISSION, _permission(asking))
    if any(each.claim == _LIST.claim and each.held for each in found):
        # Nothing is sent to an entity that is not served.
        found += await _validation(asking, records)
    found += await asking.put(_SETTINGS, lambda each: about_settings(_SETTINGS, asking, each))
    return [*found, _LICENCE]


def _logged_in(asking: Asking) -> list[Finding]:
    log_in = asking.log_in
    kind = {"/token": "standard", "/asischeduler/token": "scheduler"}.get(log_in.path.lower())
    shape = Shape("log-in", {"path": kind or "named", "tells_life": log_in.tells_life})
    path = log_in.path if kind else "the address that is configured"
    life = "yes" if log_in.tells_life else "no; the session is renewed when iMIS refuses it"
    ask = "" if log_in.tells_life else "How long does a token live?"
    return [
        Finding(_LOG_IN, "yes", held=True, claim="imis.token", need="read", shape=shape),
        Finding("Where are tokens given out?", path, held=True, claim="imis.token-path"),
        Finding(
            "Does iMIS say how long a token lives?",
            life,
            log_in.tells_life,
            claim="imis.token-life",
            ask=ask,
        ),
    ]


def _metadata(asking: Asking) -> Judge:
    def judge(answer: Answer) -> list[Finding]:
        shape = Shape("metadata", shapes.metadata_shape(answer, asking.clean))
        known = _METADATA.finding("yes: it gives the record's metadata", held=True, shape=shape)
        names = shapes.declared(answer, asking.clean)
        return [known, contract(names)] if names else [known]

    return judge


async def _records(
    asking: Asking, records: list[wire.Properties], pinned: str | None
) -> list[Finding]:
    def judge(answer: Answer) -> list[Finding]:
        items = wire.page(answer.json(), 0).items
        told = about_records(_LIST, asking, answer, items, pinned)
        if all(each.held is not False for each in told if each.claim == READABLE):
            records.extend(items)
        return told

    found = await asking.put(_LIST, judge)
    return [*found, *(await _whole(asking, records[0]) if records else ())]


async def _whole(asking: Asking, record: wire.Properties) -> list[Finding]:
    def judge(answer: Answer) -> list[Finding]:
        same = answer.json() == record
        answer_is = "yes, exactly" if same else "no: the two differ, and the list is what is used"
        return [question.finding(answer_is, held=same)]

    address = f"{_ENTITY}/{quote(mapping.identity_of(record), safe='')}"
    question = Question(
        Request("GET", address),
        "Does the list show a record as a read by its id does?",
        "imis.list-whole",
        "record",
    )
    return await asking.put(question, judge)


def _permission(asking: Asking) -> Judge:
    def judge(answer: Answer) -> list[Finding]:
        document = answer.json()
        form = shapes.answer_shape(answer, asking.clean)
        shape = Shape("permission", {**form, "kind": shapes.permission_form(document)})
        if wire.is_granted(document):
            text = "yes, iMIS says so; only a rehearsal proves it"
            return [_PERMISSION.finding(text, held=True, shape=shape)]
        text = "no, iMIS says that it may not"
        return [_PERMISSION.finding(text, held=False, shape=shape)]

    return judge


async def _validation(asking: Asking, records: Sequence[wire.Properties]) -> list[Finding]:
    """Have the record as it stands validated, and look whether it is still as it was."""
    sent = mapping.merged(records[0], Change()) if records else mapping.created(Change())
    question = Question(
        Request("POST", f"{_ENTITY}/_validate", _JSON, wire.serialise(sent)),
        "Can a change be tried without writing it?",
        "imis.validate",
        "validation",
        ask="Is POST _validate a dry run for OpenIDProvider, and does it never store anything?",
    )

    def judge(answer: Answer) -> list[Finding]:
        form = shapes.answer_shape(answer, asking.clean)
        objections = wire.violations(answer.json())
        verdict = "and finds faults in it" if objections else "and has no objection"
        shape = Shape("validation", form)
        return [question.finding(f"yes: iMIS checks the record {verdict}", held=True, shape=shape)]

    found = await asking.put(question, judge)
    return [*found, *await _untouched(asking, records)]


async def _untouched(asking: Asking, records: Sequence[wire.Properties]) -> list[Finding]:
    question = Question(
        _LIST.request, "Did asking leave the record as it was?", "imis.validate", "records-after"
    )

    def judge(answer: Answer) -> list[Finding]:
        same = wire.page(answer.json(), 0).items == list(records)
        text = "yes: it reads as before" if same else "NO: it reads otherwise now; look at it"
        return [question.finding(text, held=same)]

    found = await asking.put(question, judge)
    return [each for each in found if each.shape is None]
