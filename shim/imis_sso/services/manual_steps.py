"""Steps that a person does: asked for by a write, confirmed by a person (architecture: connectors).

Everything lies among the facts of the environment (`manual-step`): each step under its number, and
under each record what was confirmed of it last.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from imis_sso.domain.access import Origin
from imis_sso.domain.documents.base import Values
from imis_sso.domain.facts import Fact, FactKind
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.manual_steps import Step, confirmed_key, step_key
from imis_sso.domain.problems import InvalidSettings, ManualStepRequired, NotFound
from imis_sso.domain.resources import Record
from imis_sso.services.order import Draft
from imis_sso.store.base import Facts

if TYPE_CHECKING:
    from imis_sso.services.pair import Pair

logger = logging.getLogger(__name__)

KIND: Final[FactKind] = "manual-step"
_STEP: Final = step_key(0).rpartition("/")[0] + "/"
KEPT: Final = 500
"""Steps that are kept; the audit trail knows all of them."""
NOT_KEPT: Final = (
    "The step could not be kept ({}): do it, and send the request again when the store can be "
    "written."
)


@dataclass(frozen=True)
class Person:
    """Who confirms, and from where."""

    who: str
    origin: Origin


class Steps:
    """The steps of one environment. Methods raise StoreUnavailable unless they say otherwise."""

    def __init__(self, environment: str, facts: Facts) -> None:
        self.environment, self._facts = environment, facts

    async def all(self) -> Sequence[Step]:
        """Give every step, the newest first."""
        found = await self._facts.all(self.environment, KIND)
        steps = [
            Step.of(self.environment, each.content) for each in found if each.key.startswith(_STEP)
        ]
        return sorted(steps, key=lambda each: -each.number)

    async def pending(self) -> Mapping[str, Step]:
        """Give the steps that wait for a person, by document."""
        return {each.resource: each for each in await self.all() if each.state == "pending"}

    async def get(self, name: str) -> Step:
        """Give a step by its id. Raises `NotFound`."""
        found = next((each for each in await self.all() if each.id == name), None)
        if found is None:
            msg = f"There is no manual step {name[:20]!r}; GET its /manual-steps lists them."
            raise NotFound(msg)
        return found

    async def asked(self, draft: Draft, problem: ManualStepRequired) -> ManualStepRequired:
        """Keep what a write asks of a person, and give the problem that names the step.

        The same asked again is the same step; another one of the document supersedes it. Raises
        nothing: the instructions reach the caller whatever becomes of the store.
        """
        try:
            step = await self._asked(draft, problem)
        except StoreUnavailable as error:
            logger.warning("a step of %s is not kept: %s", self.environment, error)
            return ManualStepRequired(f"{problem.detail} {NOT_KEPT.format(error)}", problem.errors)
        how = f"Then say so: `imis-sso confirm {self.environment} {step.id}`, and apply again."
        return ManualStepRequired(f"{problem.detail} {how}", problem.errors)

    async def keep(self, step: Step) -> None:
        """Keep a step as it stands now."""
        await self._facts.put(self._fact(step))

    async def confirmed(self, record: Record) -> Values | None:
        """Give what was confirmed of a record last, None where nothing ever was."""
        fact = await self._facts.get(self.environment, KIND, confirmed_key(record))
        values: Values | None = None if fact is None else fact.content["values"]
        return values

    async def confirm(self, record: Record, values: Values, who: str) -> None:
        """Keep what a person says that a record holds now."""
        content = {"values": dict(values)}
        await self._facts.put(Fact(self.environment, KIND, confirmed_key(record), content, who))

    async def supersede(self, resources: Sequence[str], *, but: int = 0) -> None:
        """Let the pending steps of documents go: something newer takes their place."""
        for resource, step in (await self.pending()).items():
            if resource in resources and step.number != but:
                await self.keep(replace(step, state="superseded"))

    async def _asked(self, draft: Draft, problem: ManualStepRequired) -> Step:
        move = draft.push.record if draft.push.secret is not None else None
        secret = None if move is None else (move.ref, move.version)
        wanted = draft.changed
        known = await self.all()
        resource = draft.resource.path
        for each in known:
            if each.state == "pending" and each.is_for(resource, wanted, secret):
                return each
        step = Step(
            number=max((each.number for each in known), default=0) + 1,
            environment=self.environment,
            product=draft.resource.product,
            resource=resource,
            who=draft.order.who,
            at=datetime.now(UTC),
            detail=problem.detail,
            told=problem.errors,
            wanted=wanted,
            base=dict(draft.live.observed.values),
            secret=secret,
        )
        while not await self._facts.add(self._fact(step)):
            step = replace(step, number=step.number + 1)
        await self.supersede([resource], but=step.number)
        for each in known[KEPT:]:
            if each.state != "pending":
                await self._facts.forget(self.environment, KIND, step_key(each.number))
        return step

    def _fact(self, step: Step) -> Fact:
        return Fact(self.environment, KIND, step_key(step.number), step.stored(), step.who)


def steps_of(pair: Pair) -> Steps:
    """Give the steps of an environment; raises `InvalidSettings` where none are kept."""
    if pair.steps is None:
        msg = "No connector of this environment asks a person."
        raise InvalidSettings(msg)
    return pair.steps
