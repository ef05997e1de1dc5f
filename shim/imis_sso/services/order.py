"""What a caller asks of a write, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imis_sso.domain.access import Origin
from imis_sso.domain.difference import FieldChange
from imis_sso.domain.documents import Document
from imis_sso.domain.observed import Change
from imis_sso.domain.resources import Resource
from imis_sso.domain.secret import Secret
from imis_sso.services.deadline import Deadline
from imis_sso.services.push import Push
from imis_sso.services.read import Reading


@dataclass(frozen=True)
class Restoring:
    """What makes a write a step of a restore: its values are those of a snapshot.

    `mode` is the mode that earlier steps will have left, for a dry run of this one. A step that
    only prepares for others is `careful`: it lowers the mode, and rather than do so without the
    secret it is refused.
    """

    snapshot: str
    mode: str | None = None
    careful: bool = False


@dataclass(frozen=True, repr=False)
class Order:
    """A write as the caller asked for it.

    `declared` holds the keys of the body without the inline secret; what is absent keeps its live
    value (contract C2). `if_match` are the entity tags of `If-Match`, None without the header;
    `must_match` where a change is refused without them (C34, strict mode).
    `only_lowers` leaves a mode alone that is as low already, or lower. `active` lets gates probe
    the provider, which a caller with `read` may not (C15). `must_exist` refuses to make a record,
    `removes` asks for its deletion (1.3). A step of a rehearsal (`rehearses`) writes the declared
    fields also where the product holds these values, and makes nobody the document's manager.
    """

    resource: Resource
    declared: Mapping[str, Any]
    who: str
    origin: Origin = field(default_factory=Origin)
    inline: Secret | None = None
    if_match: tuple[str, ...] | None = None
    must_match: bool = False
    dry_run: bool = False
    force: bool = False
    restoring: Restoring | None = None
    only_lowers: bool = False
    active: bool = True
    must_exist: bool = False
    removes: bool = False
    rehearses: bool = False
    deadline: Deadline = field(default_factory=Deadline)


@dataclass(frozen=True, repr=False)
class Draft:
    """A validated write: the state found, the state wanted, and the way from one to the other."""

    order: Order
    live: Reading
    wanted: Document
    push: Push = field(default_factory=Push)

    @property
    def resource(self) -> Resource:
        """The document that is written."""
        return self.order.resource

    @property
    def changed(self) -> dict[str, str | bool]:
        """Fields that differ, with the wanted values; every field where no record exists yet."""
        if self.order.removes:
            return {}
        wanted = self.wanted.values()
        before = self.live.document.values()
        same = self.order.declared.keys() if self.order.rehearses else ()
        changed = {
            path: value for path, value in wanted.items() if before[path] != value or path in same
        }
        if self.live.observed.exists or not (changed or self.push.secret):
            return changed
        return {path: value for path, value in wanted.items() if path not in self.live.unreachable}

    @property
    def writes(self) -> bool:
        """Whether the product must be written at all (contract C2)."""
        if self.order.removes:
            return self.live.observed.exists
        return bool(self.changed) or self.push.secret is not None

    def change(self, kept: Secret | None) -> Change:
        """Give the connector's order; `kept` goes back into a record that hides its secret."""
        if self.order.removes:
            return Change(removes=True)
        ref = self.push.record.ref if self.push.secret and self.push.record else ""
        return Change(self.changed, self.push.secret or kept, secret_ref=ref)


@dataclass(frozen=True)
class Outcome:
    """What a write, or its dry run, came to."""

    reading: Reading
    writes: int = 0
    changes: tuple[FieldChange, ...] = ()
    gates: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
