"""Wiring of the doctor: from the registry to every way in that can be tried."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from imis_sso import connecting
from imis_sso.connectors.secrets.resolve import resolve_off_loop
from imis_sso.domain.examination import Examination
from imis_sso.domain.hosts import host_of
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.resources import Product
from imis_sso.environments import INTERACTIVE, CloudSsoSection, EnvironmentConfig, ImisSection
from imis_sso.registry.doors import AUTOMATED
from imis_sso.services.doctor import Candidate, examine
from imis_sso.settings import ServerSettings
from imis_sso.storage import opened_store
from imis_sso.store.base import Store
from imis_sso.store.key import load_key

WAYS: Final[tuple[tuple[Product, str], ...]] = (
    ("imis", "imis_rest"),
    ("imis", "imis_staff_site"),
    ("cloud-sso", "cloud_sso_dashboard"),
)
"""Every way in that can be tried without a person, in the order of product facts 3.2."""


async def consult(
    config: EnvironmentConfig, settings: ServerSettings, say: Callable[[str], None]
) -> Examination:
    """Try every way into an environment's products, and give what was found.

    Raises ConfigurationError where the store or the server key cannot be used: without the memory
    of refused log-ins nobody may log in (contract C47).
    """
    store = await opened_store(settings)
    try:
        doors = await examine(_candidates(config, settings, store), say)
        kept = await store.facts.all(config.name, "rehearsal")
    finally:
        await store.aclose()
    rehearsals = tuple(each.content for each in kept)
    return Examination(config.name, doors, await _private(config), rehearsals)


def _candidates(
    config: EnvironmentConfig, settings: ServerSettings, store: Store
) -> list[Candidate]:
    key = load_key(settings)
    found = []
    for product, name in WAYS:
        half = config.half(product)
        make = partial(connecting.connector_of, product, name, config, store, key)
        why = excuse(half, name)
        found.append(Candidate(product, name, name in half.connector, make, why))
    return found


def excuse(half: ImisSection | CloudSsoSection, name: str) -> str:
    """Say why a way in may not be tried; `""` where it may."""
    by_person = half.login == INTERACTIVE and name in AUTOMATED
    if not by_person and (half.username is None or half.password is None):
        return "not tried: the registry names no user name and password for this half"
    if half.refuses(name):
        return (
            "not tried: it drives pages that the vendor made for people, and "
            "automation_permitted_by does not say who permitted that (docs/is-this-allowed.md)"
        )
    return ""


async def _private(config: EnvironmentConfig) -> tuple[str, ...]:
    """Give what must not leave in a report or a capture: who and where we are, and passwords."""
    imis, cloud_sso = config.imis, config.cloud_sso
    hosts = (host_of(each.url) for each in (imis, cloud_sso))
    named = [cloud_sso.cloud_id, *config.tenant.pins().values()]
    for host in hosts:
        named += [host, host.partition(":")[0]]
    for half in (imis, cloud_sso):
        named += [half.username] if half.username else []
        with suppress(SecretUnavailable):
            named += [(await resolve_off_loop(half.password)).reveal()] if half.password else []
    return tuple(named)
