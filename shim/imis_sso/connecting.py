"""The ways into the products: from a section of the registry to its connector."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from imis_sso.connectors.assisted.connector import Assisted
from imis_sso.connectors.base import Connector, Credential, LoginGuard
from imis_sso.connectors.browser.page_files import PageFiles, folder_faults
from imis_sso.connectors.browser.page_memory import PageMemory
from imis_sso.connectors.browser.pages_connector import Common
from imis_sso.connectors.browser.person_log_in import LogInPlace
from imis_sso.connectors.cloud_sso_dashboard.connector import CloudSsoDashboard
from imis_sso.connectors.cloud_sso_dashboard.connector import page_files as dashboard_pages
from imis_sso.connectors.imis_rest.connector import ImisRest
from imis_sso.connectors.imis_staff_site.connector import ImisStaffSite
from imis_sso.connectors.imis_staff_site.pages import page_files as staff_site_pages
from imis_sso.connectors.proxy import FindProxy, Proxy, no_proxy, parse_proxy
from imis_sso.connectors.secrets.resolve import resolve_off_loop
from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.resources import PRODUCTS, Product
from imis_sso.domain.secret import Secret
from imis_sso.domain.sources import SecretSource
from imis_sso.environments import (
    ASSISTED,
    INTERACTIVE,
    EnvironmentConfig,
)
from imis_sso.registry.doors import Doorway
from imis_sso.services.circuit import Patience
from imis_sso.services.closings import Closings
from imis_sso.services.door import Door
from imis_sso.services.doors import Doors
from imis_sso.services.guarded import guarded
from imis_sso.services.reach import AcceptedReach
from imis_sso.store.base import Facts, Store
from imis_sso.store.login_guard import StoredLoginGuard

Build = Callable[[EnvironmentConfig, LoginGuard, Facts], Connector]

_REQUESTS_OF_A_USE: Final = 5


def credential(
    username: str | None, source: SecretSource | None, totp: SecretSource | None = None
) -> Callable[[], Awaitable[Credential]]:
    """Give a log-in whose password, and secret of one-time codes, are looked up at every use.

    The registry has user name and password wherever a connector logs in.
    """

    async def looked_up() -> Credential:
        if username is None or source is None:
            msg = "the registry names no log-in for this half"
            raise SecretUnavailable(msg)
        codes = None if totp is None else await resolve_off_loop(totp)
        return Credential(username, await resolve_off_loop(source), codes)

    return looked_up


def proxy_of(config: EnvironmentConfig) -> FindProxy:
    """Give the way to an environment's proxy; its source is looked up at every use."""
    source = config.proxy
    if source is None:
        return no_proxy

    async def found() -> Proxy | None:
        text = await resolve_off_loop(source) if isinstance(source, SecretSource) else source
        try:
            return parse_proxy(text.reveal() if isinstance(text, Secret) else text)
        except ValueError as error:
            msg = f"The source of proxy gives no proxy: {error}."
            raise SecretUnavailable(msg) from None

    return found


def _imis_rest(config: EnvironmentConfig, guard: LoginGuard, _facts: Facts) -> Connector:
    imis = config.imis
    return ImisRest(
        imis.url,
        credential(imis.username, imis.password),
        guard,
        token_path=imis.token_path,
        provider_id=imis.provider_id,
        ca_file=config.ca_file,
        requests_per_second=imis.requests_per_second,
        proxy=proxy_of(config),
        user_agent=config.user_agent,
    )


def _by_browser(config: EnvironmentConfig, half: Doorway, name: str, facts: Facts) -> Common:
    """Give what every connector that drives pages is told of its environment."""
    return {
        "ca_file": config.ca_file,
        "memory": PageMemory(facts, config.name, name),
        "idle_seconds": config.browser_idle_minutes * 60.0,
        "by_person": half.login == INTERACTIVE,
        "proxy": proxy_of(config),
        "user_agent": config.user_agent,
    }


def _imis_staff_site(config: EnvironmentConfig, guard: LoginGuard, facts: Facts) -> Connector:
    imis = config.imis
    common = _by_browser(config, imis, ImisStaffSite.name, facts)
    # A use of a page is several requests: the page, its save, the page after it.
    common["uses_per_second"] = max(1, imis.requests_per_second // _REQUESTS_OF_A_USE)
    return ImisStaffSite(
        imis.url,
        credential(imis.username, imis.password, imis.totp),
        guard,
        staff_path=imis.staff_path,
        pages_dir=config.pages_dir,
        **common,
    )


def _cloud_sso_dashboard(config: EnvironmentConfig, guard: LoginGuard, facts: Facts) -> Connector:
    cloud_sso = config.cloud_sso
    common = _by_browser(config, cloud_sso, CloudSsoDashboard.name, facts)
    common["uses_per_second"] = cloud_sso.uses_per_second
    return CloudSsoDashboard(
        cloud_sso.url,
        cloud_sso.cloud_id,
        credential(cloud_sso.username, cloud_sso.password, cloud_sso.totp),
        guard,
        pages_dir=config.pages_dir,
        **common,
    )


def _assisted(product: Product) -> Build:
    def build(config: EnvironmentConfig, _guard: LoginGuard, facts: Facts) -> Connector:
        source = config.cloud_sso.client_secret
        secret = None if source is None else partial(resolve_off_loop, source)
        where = {
            "imis": f" ({config.imis.url})",
            "cloud-sso": f" (Cloud ID {config.cloud_sso.cloud_id})",
        }
        return Assisted(config.name, product, facts, where[product], secret)

    return build


def guard_of(
    product: Product, config: EnvironmentConfig, store: Store, key: FingerprintKey
) -> LoginGuard:
    """Give the memory of refused log-ins at one product of an environment."""
    return StoredLoginGuard(
        store.refused_logins, store.leases, key, product, config.name, store.facts
    )


def connector_of(
    product: Product, name: str, config: EnvironmentConfig, store: Store, key: FingerprintKey
) -> Connector:
    """Make one connector by itself, whatever the registry's order. Nothing is connected by it."""
    build = BUILDERS[name] if name != ASSISTED else _assisted(product)
    return build(config, guard_of(product, config, store, key), store.facts)


def doors_into(
    product: Product, config: EnvironmentConfig, store: Store, key: FingerprintKey
) -> Doors:
    """Make the doors into one product, in the registry's order. Nothing is connected by it.

    A connector that drives a vendor's pages serves only where the registry says who permitted it.
    """
    section = config.half(product)
    doors = []
    for name in section.connector:
        refusal = section.refuses(name)
        door = Door(name, None, refusal, assisted=name == ASSISTED)
        if not refusal:
            built = connector_of(product, name, config, store, key)
            door = replace(door, connector=guarded(product, built, PATIENCE))
        doors.append(door)
    closings = Closings(config.name, product, store.facts)
    return Doors(product, doors, closings, AcceptedReach(config.name, store.facts))


BUILDERS: Mapping[str, Build] = {
    "imis_rest": _imis_rest,
    "imis_staff_site": _imis_staff_site,
    "cloud_sso_dashboard": _cloud_sso_dashboard,
}
"""How each connector of the registry is made; nothing is connected by it."""
PAGES: Mapping[str, Callable[[Path | None], PageFiles]] = {
    "cloud_sso_dashboard": dashboard_pages,
    "imis_staff_site": staff_site_pages,
}
"""The page files of each connector that has any, for an operator's folder."""


def _log_in_place(address: str, title: str, files: PageFiles) -> LogInPlace:
    # The first step on the way to a page is what only somebody who is logged in sees.
    return LogInPlace(address, title, files.log_in, files.page(files.names[0]).open[0])


def _staff_site_log_in(config: EnvironmentConfig) -> LogInPlace:
    address = f"{config.imis.url}/{config.imis.staff_path.strip('/')}"
    return _log_in_place(address, "The Staff site of iMIS", staff_site_pages(config.pages_dir))


def _dashboard_log_in(config: EnvironmentConfig) -> LogInPlace:
    return _log_in_place(f"{config.cloud_sso.url}/", "Cloud SSO", dashboard_pages(config.pages_dir))


LOG_IN_PLACES: Mapping[str, Callable[[EnvironmentConfig], LogInPlace]] = {
    "imis_staff_site": _staff_site_log_in,
    "cloud_sso_dashboard": _dashboard_log_in,
}
"""Where a person logs in for each connector that can use a person's log-in."""
PATIENCE = Patience()
"""How patient the service is with a product in trouble."""


def check_pages(pages_dir: Path | None) -> None:
    """Read every page file of an operator's folder.

    Raises ConfigurationError with a line, file and key first, for each fault.
    """
    if pages_dir is None:
        return
    files = {name: pages(pages_dir) for name, pages in PAGES.items()}
    faults = [
        ConfigurationFault(None, None, "server.pages_dir", each)
        for each in folder_faults(pages_dir, files)
    ]
    if faults:
        raise ConfigurationError(faults)


def log_in_places(config: EnvironmentConfig) -> dict[Product, LogInPlace]:
    """Give where a person logs in for an environment, by product: where the registry wants one."""
    return {
        product: LOG_IN_PLACES[name](config)
        for product in PRODUCTS
        if config.half(product).login == INTERACTIVE
        for name in config.half(product).connector
        if name in LOG_IN_PLACES
    }
