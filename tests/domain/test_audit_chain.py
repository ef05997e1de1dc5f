"""The hash chain of the audit trail (contract section 7, target R10)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import (
    GENESIS,
    Checkpoint,
    Entry,
    Kind,
    Line,
    chained,
    digest,
    faults,
    statement,
)

TIME = datetime(2026, 1, 31, 12, tzinfo=UTC)


def chain(length: int) -> list[Line]:
    """Make a chain of so many lines."""
    lines: list[Line] = []
    for number in range(1, length + 1):
        origin = Origin("192.0.2.1", "why", {"repository": "o/r"})
        facts = {"fields": ["name"], "text": f"<{number}>"}
        entry = Entry("test", Kind.INTENT, "ci", "imis/openid-connect", "w", origin, facts)
        prev = lines[-1].hash if lines else GENESIS
        lines.append(chained(entry, number, prev, TIME + timedelta(seconds=number)))
    return lines


def marked(lines: Sequence[Line]) -> list[Checkpoint]:
    """Make a checkpoint for each line, unsigned."""
    return [Checkpoint("test", each.seq, each.hash, "t", "k", "s") for each in lines]


lengths = st.integers(1, 8)


@given(lengths)
def test_a_chain_as_made_has_no_fault(length: int) -> None:
    lines = chain(length)
    assert list(faults(lines, marked(lines))) == []


@given(lengths, st.data())
def test_flipping_any_bit_is_found(length: int, data: st.DataObject) -> None:
    """target R10: flipping any byte is found."""
    lines = chain(length)
    at = data.draw(st.integers(0, length - 1))
    of_body = data.draw(st.booleans())
    text = (lines[at].body if of_body else lines[at].hash).encode()
    place = data.draw(st.integers(0, len(text) - 1))
    flipped = bytearray(text)
    flipped[place] ^= 1 << data.draw(st.integers(0, 6))
    changed = flipped.decode("latin-1")
    lines[at] = replace(lines[at], body=changed) if of_body else replace(lines[at], hash=changed)
    assert list(faults(lines, marked(chain(length))))


@given(st.integers(2, 8), st.data())
def test_a_line_taken_out_doubled_or_moved_is_found(length: int, data: st.DataObject) -> None:
    lines = chain(length)
    at = data.draw(st.integers(0, length - 2))
    kind = data.draw(st.sampled_from(["out", "doubled", "moved"]))
    if kind == "out":
        del lines[at]
    elif kind == "doubled":
        lines.insert(at, lines[at])
    else:
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    assert list(faults(lines))


@given(lengths, st.data())
def test_an_end_that_was_cut_off_is_found_by_a_checkpoint(length: int, data: st.DataObject) -> None:
    """Truncation is detected against the last checkpoint outside."""
    lines = chain(length)
    kept = data.draw(st.integers(0, length - 1))
    found = list(faults(lines[:kept], marked(lines)[-1:]))
    assert [each.seq for each in found] == [length]
    assert "ends at line" in found[0].detail


def test_a_chain_rewritten_from_a_line_on_is_found_by_a_checkpoint() -> None:
    """Whoever owns the database can make a valid chain; not one that fits a checkpoint outside."""
    lines = chain(3)
    forged = lines[:1]
    for number in (2, 3):
        entry = Entry("test", Kind.OUTCOME, "mallory")
        forged.append(chained(entry, number, forged[-1].hash, TIME))
    assert list(faults(forged)) == []
    assert [each.seq for each in faults(forged, marked(lines)[-1:])] == [3]


def test_a_line_of_another_environment_is_found() -> None:
    (line,) = chain(1)
    assert list(faults([replace(line, environment="prod")]))


def test_a_line_that_is_no_json_is_found() -> None:
    broken = Line("test", 1, "{", digest("{"))
    assert [each.detail for each in faults([broken])] == ["it is not JSON"]


def test_a_line_says_who_from_where_why_and_what() -> None:
    """contract section 7; the reason is marked as the caller's own word."""
    (line,) = chain(1)
    assert json.loads(line.body) == {
        "v": 1,
        "environment": "test",
        "seq": 1,
        "prev": GENESIS,
        "at": "2026-01-31T12:00:01.000000Z",
        "kind": "intent",
        "who": "ci",
        "resource": "imis/openid-connect",
        "write": "w",
        "from": {
            "address": "192.0.2.1",
            "claims": {"repository": "o/r"},
            "stated_reason": "why",
        },
        "facts": {"fields": ["name"], "text": "<1>"},
    }
    assert "\\u003c1\\u003e" in line.body  # canonical bytes, contract C13
    assert line.as_dict()["hash"] == line.hash == digest(line.body)


def test_a_checkpoint_states_what_it_signs() -> None:
    made = Checkpoint("test", 7, "h", "t", "k", "s")
    assert made.statement() == statement("test", 7, "h", "t")
    assert json.loads(made.statement()) == {
        "at": "t",
        "checkpoint": 1,
        "environment": "test",
        "hash": "h",
        "seq": 7,
    }
    assert made.as_dict()["signature"] == "s"
