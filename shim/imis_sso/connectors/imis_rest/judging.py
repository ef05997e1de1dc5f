"""What the records and settings that iMIS shows tell of the claims about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from imis_sso.connectors.imis_rest import mapping, shapes, wire
from imis_sso.connectors.imis_rest.asking import Asking, Question
from imis_sso.connectors.imis_rest.choice import choose
from imis_sso.connectors.imis_rest.names import ORGANISATION, VERSION, told
from imis_sso.connectors.imis_rest.shapes import CONTRACT
from imis_sso.connectors.imis_rest.transport import Answer
from imis_sso.domain.observed import Finding, Shape
from imis_sso.domain.problems import Problem

READABLE: Final = "imis.enumerations"
"""The claim under which a record that cannot be read is told."""
_SECRET_WORDS: Final = {
    "clear": "yes, in clear",
    "masked": "no, it shows a mask; writing needs a named secret",
    "absent": "no, or it holds none; writing needs a named secret",
}
_DEFAULT_WORDS: Final = {"omitted": "yes", "present": "no, it is shown; both are read right"}


def contract(names: Iterable[str]) -> Finding:
    """Compare the properties that are declared or shown with the known ones."""
    found = set(names)
    missing, more = sorted(CONTRACT - found), sorted(found - CONTRACT)
    said = [f"it lacks {', '.join(missing)}"] if missing else []
    said += [f"it has besides {', '.join(more)}"] if more else []
    return Finding(
        "Is the record of the known type?",
        "yes" if not missing else "; ".join(said),
        held=not missing,
        claim="imis.contract-type",
        ask="What replaced the properties that are missing?" if missing else "",
    )


def about_records(
    question: Question,
    asking: Asking,
    answer: Answer,
    records: Sequence[wire.Properties],
    pinned: str | None,
) -> list[Finding]:
    """Judge the list of records: whether it reads, and every manner in which records are shown."""
    unreadable = [_unreadable(question, problem) for problem in _faults(records)]
    if unreadable:
        shape = Shape(question.shape, shapes.answer_shape(answer, asking.clean))
        return [replace(unreadable[0], shape=shape)]
    shape = Shape(question.shape, shapes.list_shape(answer, asking.clean))
    envelope = isinstance(answer.json(), dict)
    listed = "yes" if envelope else "no: it is a bare list, which is read as well"
    return [
        question.finding(f"yes: {len(records)} found", held=True, shape=shape),
        Finding("Is the list in its envelope?", listed, envelope, claim="imis.list-form"),
        *([_which(records, pinned)] if records else []),
        *(_manners(records) if records else []),
    ]


def _faults(records: Sequence[wire.Properties]) -> list[Problem]:
    faults = []
    for each in records:
        try:
            mapping.observed(each)
            mapping.identity_of(each)
        except Problem as problem:
            faults.append(problem)
    return faults


def _unreadable(question: Question, problem: Problem) -> Finding:
    ask = "What may this property hold, and since which version?"
    return Finding(
        question.text, problem.detail, held=False, claim=READABLE, need=question.need, ask=ask
    )


def _which(records: Sequence[wire.Properties], pinned: str | None) -> Finding:
    text = "Is it clear which record is the page's?"
    try:
        choose(records, pinned, None)
    except Problem as problem:
        ask = "Which of several OpenIDProvider records does the page OpenID Connect show?"
        return Finding(
            text, problem.detail, held=False, claim="imis.which-record", need="read", ask=ask
        )
    how = "it is the pinned one" if pinned else "there is one" if len(records) == 1 else "by mode"
    return Finding(text, f"yes: {how}", held=True, claim="imis.which-record", need="read")


def _manners(records: Sequence[wire.Properties]) -> list[Finding]:
    shown = shapes.secret_form(records[0])
    defaults, enums = shapes.defaults_form(records), shapes.enum_form(records)
    unknown = {name for each in records for name in each} - CONTRACT - {wire.TYPE}
    return [
        Finding(
            "Does iMIS show the client secret?",
            _SECRET_WORDS[shown],
            held=shown == "clear",
            claim="imis.secret-shown",
            ask="" if shown == "clear" else "Does a PUT without ClientSecret keep the secret?",
        ),
        Finding(
            "Are values that equal their type's default left out?",
            _DEFAULT_WORDS.get(defaults, "nothing shows it"),
            {"omitted": True, "present": False}.get(defaults),
            claim="imis.defaults-omitted",
        ),
        Finding(
            "Are enumerations shown as numbers?",
            {"numbers": "yes", "names": "no, as names"}.get(enums, "none is shown"),
            {"numbers": True, "names": False}.get(enums),
            claim="imis.enum-form",
        ),
        Finding(
            "Does a write keep properties that nothing is known of?",
            f"{len(unknown)} are there; a rehearsal proves it",
            claim="imis.unknown-properties",
        ),
    ]


def about_settings(question: Question, asking: Asking, answer: Answer) -> list[Finding]:
    """Judge the system settings: whether they tell who is licensed, and the version."""
    shape = Shape(question.shape, shapes.answer_shape(answer, asking.clean))
    document = answer.json()
    settings: Mapping[str, object] = document if isinstance(document, dict) else {}
    who, version = told(settings, ORGANISATION), told(settings, VERSION)
    told_both = who is not None and version is not None
    said = f"organisation: {_known(who)}; version: {_known(version)}"
    ask = "" if told_both else "Under which names does SystemSettings tell them?"
    return [
        question.finding("yes" if told_both else said, held=told_both, shape=shape),
        Finding(
            "Are they told under a known name?",
            "yes" if told_both else "no",
            told_both,
            claim="imis.organisation-name",
            ask=ask,
        ),
    ]


def _known(value: str | None) -> str:
    return "not told" if value is None else "told"
