"""The audit trail as a hash chain: what a line says, and how a chain is checked (contract 7). Pure.

A line is one JSON object in canonical bytes (C13); its hash is the SHA-256 of these bytes, and its
`prev` the hash of the line before it, so that a line cannot be changed, dropped or moved without
every later hash being wrong. The first line of an environment has `GENESIS` before it.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from imis_sso.domain.access import Origin
from imis_sso.domain.canonical import canonical_json

FORMAT: Final = 1
GENESIS: Final = "0" * 64


class Kind(enum.StrEnum):
    """What a line records."""

    INTENT = "intent"
    """A write is about to reach a product."""
    OUTCOME = "outcome"
    """What became of it."""
    RESTORE = "restore"
    """A snapshot is about to be put back; each of its writes has lines of its own."""
    ADOPTED = "adopted"
    """A document is managed from now on, as it was found."""
    BOUND = "bound"
    """A key stands for another record from now on, or for none; nothing was written."""
    HOLD = "hold"
    """Raising the mode was stopped in an emergency."""
    RELEASE = "release"
    """It may be raised again."""
    ATTESTED = "attested"
    """A person said how a watched sign-in ended."""
    CONFIRMED = "confirmed"
    """A person said that a manual step is done, or what a product holds."""
    REACH = "reach"
    """The fields that connectors reach now were accepted."""
    PAGE = "page"
    """A page of a product was accepted as it is now."""
    LOGIN = "login"
    """A log-in that a person made was kept for the service, or forgotten."""
    SPOOLED = "spooled"
    """A line that was kept in the signed spool while the trail could not be written."""


class Result(enum.StrEnum):
    """What became of a write."""

    APPLIED = "applied"
    NOT_APPLIED = "not-applied"
    DIFFERS = "differs"
    """The product took something, and holds neither the old nor the new state."""
    UNKNOWN = "unknown"
    """It could not be read; the intent stays open and is settled by reading (contract 7)."""


@dataclass(frozen=True)
class Entry:
    """What somebody has to say on the trail; the trail adds number, time and hashes.

    `write` ties an intent to its outcome; `facts` holds what the kind needs, never a secret.
    """

    environment: str
    kind: Kind
    who: str
    resource: str = ""
    write: str = ""
    origin: Origin = field(default_factory=Origin)
    facts: Mapping[str, Any] = field(default_factory=dict)


_BLANK: Final[dict[str, Any]] = {
    "at": "",
    "environment": "",
    "facts": {},
    "from": {"address": "", "claims": {}, "stated_reason": ""},
    "kind": "",
    "prev": "",
    "resource": "",
    "seq": 0,
    "v": FORMAT,
    "who": "",
    "write": "",
}
"""Every key of a line: one that somebody has broken is shown with what is left of it."""


@dataclass(frozen=True)
class Line:
    """One line of a chain: its body as text in canonical JSON, and its hash.

    `misfiled` tells that what is stored beside the body, to search by, is not what the body says.
    """

    environment: str
    seq: int
    body: str
    hash: str
    misfiled: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Give the line as it is exported: the body's keys, and `hash`.

        One that somebody has changed is marked `altered`, which no hash covers: so every verifier
        finds it, also where what was changed does not show in JSON.
        """
        line = _BLANK | {"environment": self.environment, "seq": self.seq} | self._plain()
        altered = self.misfiled or digest(self.body) != self.hash
        return line | {"hash": self.hash} | ({"altered": True} if altered else {})

    def _plain(self) -> dict[str, Any]:
        try:
            plain = json.loads(self.body)
        except ValueError:
            return {}
        return plain if isinstance(plain, dict) else {}


@dataclass(frozen=True)
class Selection:
    """Which lines somebody wants to see; an empty text and None select all.

    `since` is inclusive, `until` is not; `beyond` is the number of the last line already seen.
    """

    resource: str = ""
    who: str = ""
    kind: str = ""
    result: str = ""
    write: str = ""
    since: datetime | None = None
    until: datetime | None = None
    beyond: int | None = None
    newest_first: bool = True


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement that a chain had this hash at this number.

    `signature` is Ed25519 over `statement()`, in hexadecimal; `key` names the public key.
    """

    environment: str
    seq: int
    hash: str
    at: str
    key: str
    signature: str

    def statement(self) -> bytes:
        """Give the bytes that are signed."""
        return statement(self.environment, self.seq, self.hash, self.at)

    def as_dict(self) -> dict[str, Any]:
        """Give the checkpoint as it is exported."""
        return {
            "checkpoint": FORMAT,
            "environment": self.environment,
            "seq": self.seq,
            "hash": self.hash,
            "at": self.at,
            "key": self.key,
            "signature": self.signature,
        }


def statement(environment: str, seq: int, digest: str, at: str) -> bytes:
    """Give the bytes that a checkpoint's signature covers."""
    return canonical_json(
        {"at": at, "checkpoint": FORMAT, "environment": environment, "hash": digest, "seq": seq}
    )


def moment(at: datetime) -> str:
    """Write a time as lines do: ISO 8601, UTC, microseconds."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def chained(entry: Entry, seq: int, prev: str, at: datetime) -> Line:
    """Make the line of an entry that follows a line with the hash `prev`."""
    body: dict[str, Any] = {
        "at": moment(at),
        "environment": entry.environment,
        "facts": dict(entry.facts),
        "from": {
            "address": entry.origin.address,
            "claims": dict(entry.origin.claims),
            # The caller's own word, which nobody has checked.
            "stated_reason": entry.origin.reason,
        },
        "kind": entry.kind.value,
        "prev": prev,
        "resource": entry.resource,
        "seq": seq,
        "v": FORMAT,
        "who": entry.who,
        "write": entry.write,
    }
    text = canonical_json(body).decode()
    return Line(entry.environment, seq, text, digest(text))


def digest(body: str) -> str:
    """Give the hash of a line's body."""
    return hashlib.sha256(body.encode()).hexdigest()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a chain: at which line, and what."""

    environment: str
    seq: int
    detail: str


def faults(lines: Iterable[Line], checkpoints: Sequence[Checkpoint] = ()) -> Iterator[Fault]:
    """Check one environment's chain, in order from its first line, against its checkpoints.

    A checkpoint that lies behind the last line shows that the end was cut off. Signatures are not
    looked at here.
    """
    prev, expected = GENESIS, 1
    hashes: dict[int, str] = {}
    environment = ""
    for line in lines:
        environment = line.environment
        for detail in _wrong(line, expected, prev):
            yield Fault(line.environment, line.seq, detail)
        hashes[line.seq] = line.hash
        prev, expected = line.hash, line.seq + 1
    for each in checkpoints:
        found = hashes.get(each.seq)
        if found is None:
            detail = f"the chain ends at line {expected - 1}, but a checkpoint names this line"
            yield Fault(each.environment or environment, each.seq, detail)
        elif found != each.hash:
            yield Fault(each.environment, each.seq, "the hash is not the one in its checkpoint")


def _wrong(line: Line, expected: int, prev: str) -> Iterator[str]:
    if line.seq != expected:
        yield f"line {expected} is missing before it"
    if digest(line.body) != line.hash:
        yield "its hash does not fit what it says"
    if line.misfiled:
        yield "what is stored beside it is not what it says"
    try:
        body = json.loads(line.body)
    except ValueError:
        yield "it is not JSON"
        return
    if body.get("prev") != prev:
        yield "it does not follow the line before it"
    if (body.get("environment"), body.get("seq")) != (line.environment, line.seq):
        yield "it names another environment or number"
