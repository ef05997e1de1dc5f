"""Putting a snapshot back: ordinary writes, one after the other (contract section 7, target R9)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import AuditUnavailable, FieldError, Problem
from imis_sso.domain.resources import OIDC_AUTHENTICATION
from imis_sso.services import gates
from imis_sso.services.deadline import Deadline
from imis_sso.services.order import Order, Outcome
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading
from imis_sso.services.restore_parts import NOTHING, Plan, Wish
from imis_sso.services.restore_plan import plan
from imis_sso.services.write import write

logger = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Restored:
    """What a restore, or its dry run, came to.

    `readings` are the documents as they are now, by path; `before` is the snapshot of what they
    were, `""` where nothing was written.
    """

    plan: Plan
    readings: Mapping[str, Reading]
    writes: int = 0
    before: str = ""
    notices: tuple[str, ...] = ()


async def restore(pair: Pair, wish: Wish) -> Restored:
    """Bring the documents of a snapshot back, and prove each by reading it.

    Where the pair is live and sign-in depends on what changes, the mode is lowered first; it is
    raised last, one step at a time and through its gates. Every write has the deadline of contract
    C33 for itself. Raises what `plan` raises with nothing written, and the problem of the write
    that failed, which then tells what was restored and what was not.
    """
    decided = await plan(pair, wish)
    run = _Run(pair, decided)
    if wish.dry_run or not decided.steps:
        return run.restored()
    gates.observe_only(pair, decided.steps[0])
    found = [each.live for each in decided.pieces]
    run.before = await pair.journal.restoring(wish.who, wish.origin, wish.snapshot, found)
    logger.warning(
        "restoring environment=%s snapshot=%s by=%s", pair.name, wish.snapshot.id, wish.who
    )
    for step in decided.steps:
        await run.take(step)
    return run.restored()


@dataclass(repr=False)
class _Run:
    """A restore under way."""

    pair: Pair
    plan: Plan
    before: str = ""
    readings: dict[str, Reading] = field(init=False)
    left: list[str] = field(init=False)
    writes: int = 0
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.readings = {each.resource.path: each.live for each in self.plan.pieces}
        self.left = [each.resource.path for each in self.plan.steps]

    def restored(self) -> Restored:
        notices = (*self.plan.notices, *self.notices)
        return Restored(self.plan, self.readings, self.writes, self.before, notices)

    async def take(self, step: Order) -> None:
        """Take one step, tied to what the steps before it left."""
        path = step.resource.path
        etag = self.readings[path].etag
        try:
            outcome = await write(self.pair, replace(step, if_match=(etag,), deadline=Deadline()))
        except StoreUnavailable as error:
            raise self._stopped(AuditUnavailable(f"The store cannot be used ({error}).")) from None
        except Problem as problem:
            raise self._stopped(problem) from None
        self._note(path, outcome)

    def _note(self, path: str, outcome: Outcome) -> None:
        self.readings[path] = outcome.reading
        self.left.remove(path)
        self.writes += outcome.writes
        self.notices += [f"{path}: {each}" for each in outcome.notices]

    def _stopped(self, problem: Problem) -> Problem:
        """Give the problem of a step with what it leaves: nothing is hidden."""
        changing = [each.resource.path for each in self.plan.pieces if each.changes]
        done = [each for each in changing if each not in self.left]
        states = [FieldError(each, self._state(each)) for each in changing]
        told = f"Restored before that: {', '.join(done)}." if done else NOTHING
        left = ", ".join(dict.fromkeys(self.left))
        told += f" Not restored: {left}.{self._mode_now(problem)}"
        msg = f"{problem.detail} {told} The state before all this is the snapshot {self.before}."
        stopped = type(problem)(msg, [*states, *problem.errors], retry_after=problem.retry_after)
        stopped.upstream_writes = self.writes + problem.upstream_writes
        return stopped

    def _state(self, path: str) -> str:
        return "was not restored" if path in self.left else "was restored"

    def _mode_now(self, problem: Problem) -> str:
        reading = self.readings.get(OIDC_AUTHENTICATION.path)
        if reading is None or problem.upstream_writes:
            return ""  # a write that failed halfway says itself what it left
        return f" The mode is {reading.document.values()['mode']} now."
