"""`imis-sso login`: the service's own log-ins, and those that a person makes for it (C47)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from imis_sso.cli.console import Failure, say
from imis_sso.cli.target import (
    DEFAULT_CONFIG,
    ConfigOption,
    EnvironmentArgument,
    Target,
    load_registry,
    problem_lines,
    run,
    user_name,
)
from imis_sso.cli.token import with_store

if TYPE_CHECKING:
    import httpx
    from playwright.async_api import Page

    from imis_sso.connectors.browser.person_log_in import LogInPlace, Person
    from imis_sso.connectors.browser.watched import Trust
    from imis_sso.domain.kept_login import LoginFacts
    from imis_sso.domain.resources import Product
    from imis_sso.environments import EnvironmentConfig
    from imis_sso.store.base import Store
    from imis_sso.store.kept_logins import KeptLogins

PROBES = {"iMIS": "imis/oidc-authentication", "Cloud SSO": "cloud-sso/imis-sso-settings"}
SECONDS: Final = 600.0
"""How long a person may take."""
_NONE: Final = (
    "in {environment} nobody logs in by hand: the registry says so with `login: interactive`, in "
    "the section of the half"
)
_BEGIN: Final = (
    "Log in to {title} in the window that opens now, as the user that the service is to be. It "
    "closes by itself. You have {minutes:.0f} minutes."
)


class AtTheWindow:
    """The person who gave the command."""

    async def sign_in(self, page: Page) -> None:
        """Leave the window to the person."""
        await page.bring_to_front()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("login")(login)


def login(
    environment: EnvironmentArgument,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Forget refused log-ins and closed doors first."),
    ] = False,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Log in yourself, in a window; it is kept.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget the log-ins that persons made.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Log in to both products once, and say whether they let the service in."""
    if forget:
        if retry or interactive:
            raise Failure("--forget is a command of its own: give it without another option")
        forget_kept(config, environment)
        return
    if interactive:
        log_in_by_hand(config, environment, AtTheWindow())
        with_store(config, lambda store: _open_doors(store, environment))
    if retry:
        _section(config, environment)
        with_store(config, lambda store: _forget_refused(store, environment))
    _try(config, environment)


def _try(config: ConfigOption, environment: str) -> None:
    section = _section(config, environment)
    halves = {"iMIS": section.imis.connector, "Cloud SSO": section.cloud_sso.connector}
    probes = {title: path for title, path in PROBES.items() if halves[title] != ("assisted",)}
    for title in halves.keys() - probes.keys():
        say(f"{title}: nobody logs in; a person does its steps.")

    async def probe(client: httpx.AsyncClient) -> list[tuple[str, list[str]]]:
        return [(title, await _probe(client, environment, path)) for title, path in probes.items()]

    found = run(probe, Target(config, None, None), f"Logging in to {environment} …")
    for title, lines in found:
        say(f"{title}: {'; '.join(lines) if lines else 'logged in.'}")
    if any(lines for _, lines in found):
        raise typer.Exit(1)


async def _probe(client: httpx.AsyncClient, environment: str, path: str) -> list[str]:
    answer: Any = await client.get(f"/v1/environments/{environment}/{path}")
    return [] if answer.is_success else problem_lines(answer)


async def _open_doors(store: Store, environment: str) -> None:
    from imis_sso.services.closings import forget_closings

    await forget_closings(store.facts, environment)


async def _forget_refused(store: Store, environment: str) -> None:
    await store.refused_logins.forget(environment)
    await _open_doors(store, environment)


def log_in_by_hand(
    config: ConfigOption, environment: str, person: Person, *, headless: bool = False
) -> None:
    """Have a person log in to every half that wants it, and keep what the browser then holds."""
    from imis_sso.connecting import log_in_places, proxy_of
    from imis_sso.connectors.browser.watched import Trust
    from imis_sso.domain.hosts import host_of

    section = _section(config, environment)
    places = log_in_places(section)
    if not places:
        raise Failure(_NONE.format(environment=environment))
    for product, place in places.items():
        say(_BEGIN.format(title=place.title, minutes=SECONDS / 60), error=True)
        trust = Trust(
            section.ca_file,
            (host_of(place.address),),
            headless,
            proxy=proxy_of(section),
            user_agent=section.user_agent,
        )
        _keep_one(config, environment, product, (place, person, trust))


def _keep_one(
    config: ConfigOption,
    environment: str,
    product: Product,
    visit: tuple[LogInPlace, Person, Trust],
) -> None:
    from imis_sso.connectors.browser.person_log_in import log_in_by_person
    from imis_sso.domain.problems import Problem

    place, person, trust = visit
    try:
        state = asyncio.run(log_in_by_person(place, person, SECONDS, trust))
    except Problem as problem:
        raise Failure(problem.detail) from None

    async def keep(store: Store) -> LoginFacts:
        await _forget_refused(store, environment)  # a door that lacked a log-in opens again
        kept = kept_logins(config, store, environment)[product]
        await _put_on_record(store, environment, product, "kept")
        return await kept.keep(state, f"cli.{user_name()}")

    ends = with_store(config, keep).ends
    until = f"until {ends:%Y-%m-%d %H:%M} UTC" if ends else "for as long as it lasts"
    say(f"{place.title}: the log-in is kept, sealed with the server key, and used {until}.")


async def _put_on_record(store: Store, environment: str, product: Product, done: str) -> None:
    from imis_sso.domain.audit import Entry, Kind

    facts = {"product": product, "log_in": done}
    await store.trail.append(Entry(environment, Kind.LOGIN, f"cli.{user_name()}", facts=facts))


async def forget_log_in(store: Store, environment: str, kept: KeptLogins) -> bool:
    """Forget a log-in that a person made, on the audit trail; tell whether there was one."""
    if await kept.about() is None:
        return False
    await _put_on_record(store, environment, kept.product, "forgotten")
    return await kept.forget()


def forget_kept(config: ConfigOption, environment: str) -> None:
    """Forget what persons' log-ins left; services that run stop using it at their next request."""
    _section(config, environment)

    async def forget(store: Store) -> list[Product]:
        kept = kept_logins(config, store, environment)
        return [
            product
            for product, each in kept.items()
            if await forget_log_in(store, environment, each)
        ]

    from imis_sso.domain.resources import PRODUCT_TITLES

    named = " and ".join(PRODUCT_TITLES[each] for each in with_store(config, forget))
    if not named:
        say(f"{environment}: no log-in of a person is kept.")
        return
    say(f"{environment}: forgotten is the log-in at {named}.")
    say("The product itself may go on taking it: log out there, or end its sessions.", error=True)


def kept_logins(config: ConfigOption, store: Store, environment: str) -> dict[Product, KeptLogins]:
    """Give the places that keep persons' log-ins of an environment; nothing is opened yet."""
    from imis_sso.domain.resources import PRODUCTS
    from imis_sso.store.kept_logins import KeptLogins
    from imis_sso.store.key import load_key

    key = load_key(load_registry(config)[1])
    return {each: KeptLogins(store.facts, key, environment, each) for each in PRODUCTS}


def _section(config: ConfigOption, environment: str) -> EnvironmentConfig:
    registry, _ = load_registry(config)
    if environment not in registry.environments:
        known = ", ".join(registry.environments)
        raise Failure(f"there is no environment {environment!r} in {config}; it has: {known}")
    return registry.environments[environment]
