"""Nothing writes to production that was not rehearsed on this version of the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imis_sso.domain.activation import Transition
from imis_sso.domain.facts import Fact
from imis_sso.domain.problems import ConnectorUnproven
from imis_sso.domain.rehearsed import Rehearsal, is_proof, key_of
from imis_sso.services import writers
from imis_sso.services.gates import Passage, move
from imis_sso.services.order import Draft
from imis_sso.services.pair import Pair
from imis_sso.store.base import Facts


@dataclass(frozen=True)
class Rehearsals:
    """What was rehearsed, in any environment of the registry. Raises StoreUnavailable."""

    facts: Facts
    environments: Sequence[str]

    async def proved(self, connector: str, version: str) -> bool:
        """Tell whether a connector was proved on this version of its product."""
        for environment in self.environments:
            fact = await self.facts.get(environment, "rehearsal", key_of(connector, version))
            if fact is not None and is_proof(fact.content, connector, version):
                return True
        return False

    async def keep(self, environment: str, rehearsal: Rehearsal, who: str) -> None:
        """Keep what a rehearsal came to, in place of an earlier one of the same version."""
        key = key_of(rehearsal.connector, rehearsal.version)
        await self.facts.put(Fact(environment, "rehearsal", key, rehearsal.as_dict(), who))


async def proven(pair: Pair, draft: Draft) -> Passage:
    """Refuse a write by a connector that nobody rehearsed; an administrator may force it.

    Lowering the mode is exempt (contract 1.2). Raises `ConnectorUnproven`, and what asking for the
    product's version raises.
    """
    writers.anybody()
    lowers = move(draft) is Transition.LOWER
    if not pair.policy.rehearsal_required or lowers or pair.rehearsals is None:
        return Passage()
    half = pair.half(draft.resource)
    connector = draft.live.observed.by or half.connector.name
    if connector == writers.PERSON:
        writers.only()
        return Passage()
    version = (await half.connector.tenant()).get("version", "")
    if await pair.rehearsals.proved(connector, version):
        writers.only(connector)
        return Passage()
    if draft.order.force:
        return Passage(forced=(ConnectorUnproven.slug,))
    raise ConnectorUnproven(
        f"The connector {connector} was never rehearsed on this version of {half.title} "
        f"({version or 'which it does not tell'}), and {pair.name} is production; nothing was "
        "written. Run `imis-sso rehearse ENV` on a test environment of the same version first."
    )
