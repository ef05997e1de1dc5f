"""What a real tenant allows over REST, asked without writing (product facts 3.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from imis_sso.connectors.imis_rest import answers, mapping, wire
from imis_sso.connectors.imis_rest.redaction import Redactor
from imis_sso.connectors.imis_rest.transport import Answer, NoAnswer, Request
from imis_sso.domain.observed import Finding
from imis_sso.domain.problems import Problem
from imis_sso.domain.secret import Secret, Unreadable

Call = Callable[[Request], Awaitable[Answer]]
Judge = Callable[[Answer], Finding]
Redacting = Callable[[], Redactor]

_KNOWN: Final = "Does iMIS know the OpenID Connect record over REST?"
_READ: Final = "Can the OpenID Connect record be read over REST?"
_SECRET: Final = "Does iMIS show the client secret?"  # noqa: S105  # a question
_WRITE: Final = "May the service account change the record?"


async def findings(call: Call, redacting: Redacting) -> Sequence[Finding]:
    """Ask for the metadata, the list and the permission to update, in this order.

    Nothing is written. What cannot be found out is a finding too, never an error.
    """
    found = [
        await _ask(call, Request("GET", "api/metadata/OpenIDProvider"), _KNOWN, _known, redacting),
        *await _records(call, redacting),
    ]
    update = Request("POST", "api/OpenIDProvider/_haspermission/Update")
    return [*found, await _ask(call, update, _WRITE, _permission, redacting)]


async def _records(call: Call, redacting: Redacting) -> list[Finding]:
    secrets: list[Finding] = []

    def judge(answer: Answer) -> Finding:
        records = wire.page(answer.json(), 0).items
        secrets.extend(_secret(record) for record in records[:1])
        active = sum(mapping.value_of(each, "mode") != "disabled" for each in records)
        return Finding(_READ, f"yes: {len(records)} found, {active} of them active", held=True)

    request = Request("GET", "api/OpenIDProvider?limit=100&offset=0")
    return [await _ask(call, request, _READ, judge, redacting), *secrets]


async def _ask(
    call: Call, request: Request, question: str, judge: Judge, redacting: Redacting
) -> Finding:
    try:
        answer = await call(request)
        if not answer.is_success:
            problem = answers.problem(answer, "answer this question", redacting())
            return Finding(question, problem.detail, held=_verdict(answer.status))
        return judge(answer)
    except NoAnswer as failure:
        return Finding(question, failure.problem.detail)
    except Problem as problem:
        return Finding(question, problem.detail)


def _verdict(status: int) -> bool | None:
    return False if status in {401, 403, 404, 405, 501} else None


def _known(_answer: Answer) -> Finding:
    return Finding(_KNOWN, "yes: it gives the record's metadata", held=True)


def _secret(record: wire.Properties) -> Finding:
    match mapping.secret_of(record):
        case Secret():
            return Finding(_SECRET, "yes, in clear", held=True)
        case Unreadable.MASKED:
            return Finding(_SECRET, "no, it shows a mask", held=False)
        case _:
            return Finding(_SECRET, "no, or it holds none", held=False)


def _permission(answer: Answer) -> Finding:
    if wire.is_granted(answer.json()):
        return Finding(_WRITE, "yes, iMIS says so; only a write proves it", held=True)
    return Finding(_WRITE, "no, iMIS says that it may not", held=False)
