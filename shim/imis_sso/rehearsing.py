"""Wiring of rehearsals: every configured connector by itself, on the pair of one environment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from imis_sso import connecting
from imis_sso.app import Service, opened
from imis_sso.consulting import WAYS, excuse
from imis_sso.domain.problems import Problem
from imis_sso.domain.rehearsed import Rehearsal
from imis_sso.domain.resources import Product
from imis_sso.environments import EnvironmentConfig, Registry
from imis_sso.services.bindings import Bindings
from imis_sso.services.guarded import guarded
from imis_sso.services.half import Half
from imis_sso.services.pair import Pair
from imis_sso.services.proven import Rehearsals
from imis_sso.services.rehearsal import NotRehearsable, rehearse
from imis_sso.services.runs import Runs
from imis_sso.settings import ServerSettings
from imis_sso.store.key import load_key


@dataclass(frozen=True)
class Attempt:
    """A connector that was to be rehearsed: what came of it, or why it could not begin."""

    product: Product
    connector: str
    rehearsal: Rehearsal | None = None
    why: str = ""


async def rehearse_all(
    registry: Registry, settings: ServerSettings, name: str, who: str, say: Callable[[str], None]
) -> list[Attempt]:
    """Rehearse each connector that the registry names for an environment, and keep what came of it.

    Raises ConfigurationError where the store or the server key cannot be used.
    """
    config, attempts = registry.environments[name], list[Attempt]()
    async with opened(registry, settings) as service:
        kept = Rehearsals(service.store.facts, (name,))
        for product, connector in WAYS:
            if connector not in config.half(product).connector:
                continue
            say(f"Rehearsing {connector} …")
            attempt = await _attempt(service, config, product, connector, who)
            attempts.append(attempt)
            if attempt.rehearsal is not None:
                await kept.keep(name, attempt.rehearsal, who)
    return attempts


async def _attempt(
    service: Service, config: EnvironmentConfig, product: Product, connector: str, who: str
) -> Attempt:
    if why := excuse(config.half(product), connector):
        return Attempt(product, connector, why=why)
    try:
        async with _alone(service, config, product, connector) as pair:
            return Attempt(product, connector, await rehearse(pair, product, who))
    except NotRehearsable as refusal:
        return Attempt(product, connector, why=str(refusal))
    except Problem as problem:
        return Attempt(product, connector, why=problem.detail)


@asynccontextmanager
async def _alone(
    service: Service, config: EnvironmentConfig, product: Product, connector: str
) -> AsyncIterator[Pair]:
    """Give the pair with one connector alone in a half: no other may serve in its place."""
    store, key = service.store, load_key(service.settings)
    built = connecting.connector_of(product, connector, config, store, key)
    made = guarded(product, built, connecting.PATIENCE)
    half = Half(
        product,
        made,
        hold=partial(store.leases.hold, config.name, product),
        turn=partial(store.leases.turn, config.name, product),
        bindings=Bindings(config.name, store.facts),
    )
    pair = service.pairs[config.name]
    try:
        yield replace(pair, halves={**pair.halves, product: half}, runs=Runs())
    finally:
        await half.aclose()
