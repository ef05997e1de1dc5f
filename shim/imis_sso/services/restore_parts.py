"""What a restore is made of: the wish, the documents, the writes (contract section 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from imis_sso.domain.access import Origin
from imis_sso.domain.difference import FieldChange, difference
from imis_sso.domain.documents import Document
from imis_sso.domain.problems import (
    FieldError,
    InvalidSettings,
    Problem,
    UntrustedHost,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    Resource,
    find,
)
from imis_sso.domain.snapshots import Snapshot
from imis_sso.services.order import Order, Outcome, Restoring
from imis_sso.services.pair import Pair
from imis_sso.services.raising import UNDECIDED
from imis_sso.services.read import Reading
from imis_sso.services.restored_secret import Decision
from imis_sso.services.write import write

RESTORABLE = (IMIS_SSO_SETTINGS, OPENID_CONNECT, OIDC_AUTHENTICATION)
"""In the order in which they are restored: the mode last."""
NOTHING = "Nothing was restored."
ALONE = f"To restore the documents alone, leave {OIDC_AUTHENTICATION.path} out."
VERIFIED_LATER = "Whether the pair verifies is tried once more when the mode is raised."
PINS_WIN = "A restore puts back nothing that the registry's pins do not allow."


@dataclass(frozen=True)
class Wish:
    """A restore as the caller asked for it.

    `resources` None means every document of the snapshot; `expected` are entity tags by path: what
    the caller has looked at (contract C34).
    """

    snapshot: Snapshot
    who: str
    origin: Origin = field(default_factory=Origin)
    resources: Sequence[Resource] | None = None
    expected: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False

    def chosen(self) -> tuple[Resource, ...]:
        """Give the documents to restore, in their order. Raises `InvalidSettings`."""
        kept = restorable_of(self.snapshot)
        asked = kept if self.resources is None else self.resources
        lacking = [each.path for each in asked if each not in kept]
        if lacking:
            detail = f"names {', '.join(lacking)}, which the snapshot does not have"
            raise InvalidSettings(f"resources {detail}.", [FieldError("resources", detail)])
        return tuple(each for each in kept if each in asked)


def restorable_of(snapshot: Snapshot) -> list[Resource]:
    """Give what a snapshot has that can be put back, in the order of a restore.

    Directories come first: what people sign in through, before the pair that sends them there.
    """
    items = [find(each) for each in sorted(snapshot.documents)]
    known = [each for each in items if each is not None and each.record.item]
    return [*known, *(each for each in RESTORABLE if each.path in snapshot.documents)]


@dataclass(frozen=True, repr=False)
class Piece:
    """One document of a restore: what it is, what it shall be, and the write that makes it so."""

    live: Reading
    order: Order
    wanted: Document
    secret: Decision
    notices: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()

    @property
    def resource(self) -> Resource:
        """The document."""
        return self.live.resource

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """The fields that differ from the snapshot."""
        return difference(self.live.document, self.wanted)


@dataclass(frozen=True, repr=False)
class Plan:
    """What a restore would do: each document, and the writes in their order."""

    pieces: tuple[Piece, ...]
    steps: tuple[Order, ...]
    raised: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def undecided(self) -> tuple[str, ...]:
        """What is tried only when the mode is raised, after the documents."""
        raised = bool(self.raised)
        verified = "enabled" in self.raised
        return ((VERIFIED_LATER,) if verified else ()) + ((UNDECIDED,) if raised else ())

    @property
    def notices(self) -> tuple[str, ...]:
        """What cannot be put back."""
        return (*self.left, *(notice for each in self.pieces for notice in each.notices))


async def tried(pair: Pair, order: Order, restoring: Restoring) -> Outcome:
    """Meet every gate of one write; a refusal says of which document."""
    try:
        return await write(pair, replace(order, dry_run=True, active=False, restoring=restoring))
    except Problem as problem:
        more = f" {PINS_WIN}" if isinstance(problem, UntrustedHost) else ""
        msg = f"{order.resource.path}: {problem.detail}{more} {NOTHING}"
        raise type(problem)(msg, problem.errors, retry_after=problem.retry_after) from None


def is_mode(piece: Piece) -> bool:
    """Tell whether a document is the mode."""
    return piece.resource.gate is not None
