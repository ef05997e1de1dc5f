"""Wiring of the described pages: whether their files can be used; looking at them by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from imis_sso import connecting
from imis_sso.connectors.browser.live_pages import HasPages, LivePages, Look
from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.configuration import ConfigurationError
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.resources import PRODUCTS, Product
from imis_sso.environments import EnvironmentConfig, Registry
from imis_sso.services.closings import forget_closings
from imis_sso.settings import ServerSettings
from imis_sso.storage import opened_store
from imis_sso.store.base import Store
from imis_sso.store.key import load_key


@dataclass(frozen=True)
class PageDoors:
    """The pages of each environment of a registry; what is accepted of them goes to the store."""

    registry: Registry
    store: Store
    key: FingerprintKey

    @asynccontextmanager
    async def of(self, environment: str) -> AsyncIterator[Sequence[LivePages]]:
        """Give the pages of every connector of an environment that works on pages.

        Nothing is started before the first look; whatever was is ended.
        """
        config = self.registry.environments[environment]
        found = [
            connector
            for product in PRODUCTS
            for name in _names(config, product)
            if isinstance(
                connector := connecting.connector_of(product, name, config, self.store, self.key),
                HasPages,
            )
        ]
        try:
            yield [each.pages for each in found]
        finally:
            for each in found:
                await each.aclose()

    async def accept(self, environment: str, pages: LivePages, look: Look, who: str) -> None:
        """Accept a page as it was looked at; the trail first: what is not on it counts nowhere.

        The doors open again that a changed page closed. Raises ValueError where the page is not as
        described, and StoreUnavailable.
        """
        facts = {
            "page": f"{pages.connector}/{look.page}",
            "fingerprint": pages.acceptable(look).digest,
            "changes": [each.text for each in look.changed],
        }
        await self.store.trail.append(Entry(environment, Kind.PAGE, who, facts=facts))
        await pages.accept(look, who)
        await forget_closings(self.store.facts, environment)


def _names(config: EnvironmentConfig, product: Product) -> Sequence[str]:
    # A vendor's pages are not driven where the registry does not say who permitted it.
    half = config.half(product)
    return [each for each in half.connector if each in connecting.PAGES and not half.refuses(each)]


def with_usable_pages(registry: Registry, *, emergency: bool) -> tuple[Registry, tuple[str, ...]]:
    """Give a registry whose page files can be used, and what must be said about it.

    In an emergency files that cannot be used give way to the built-in ones, which is said; else
    raises ConfigurationError.
    """
    try:
        connecting.check_pages(registry.server.pages_dir)
    except ConfigurationError as error:
        if not emergency:
            raise
        said = [f"the built-in page files are used: {each}" for each in error.faults]
        built_in = {
            name: config.model_copy(update={"pages_dir": None})
            for name, config in registry.environments.items()
        }
        return replace(registry, environments=built_in), tuple(said)
    return registry, ()


@asynccontextmanager
async def page_doors(registry: Registry, settings: ServerSettings) -> AsyncIterator[PageDoors]:
    """Open the store and give the pages of a registry.

    Raises ConfigurationError where the store, the server key or a page file cannot be used.
    """
    connecting.check_pages(registry.server.pages_dir)
    store = await opened_store(settings)
    try:
        yield PageDoors(registry, store, load_key(settings))
    finally:
        await store.aclose()
