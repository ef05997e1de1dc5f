"""`imis-sso login`: try the service's own log-ins, also after one was refused (contract C47)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

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
)

if TYPE_CHECKING:
    import httpx

PROBES = {"iMIS": "imis/oidc-authentication", "Cloud SSO": "cloud-sso/imis-sso-settings"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("login")(login)


def login(
    environment: EnvironmentArgument,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Forget refused log-ins and closed doors first."),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Log in to both products once, and say whether they let the service in."""
    registry, _ = load_registry(config)
    if environment not in registry.environments:
        known = ", ".join(registry.environments)
        raise Failure(f"there is no environment {environment!r} in {config}; it has: {known}")
    if retry:
        asyncio.run(_forget(config, environment))

    async def probe(client: httpx.AsyncClient) -> list[tuple[str, list[str]]]:
        return [(title, await _probe(client, environment, path)) for title, path in PROBES.items()]

    found = run(probe, Target(config, None, None), f"Logging in to {environment} …")
    for title, lines in found:
        say(f"{title}: {'; '.join(lines) if lines else 'logged in.'}")
    if any(lines for _, lines in found):
        raise typer.Exit(1)


async def _probe(client: httpx.AsyncClient, environment: str, path: str) -> list[str]:
    answer: Any = await client.get(f"/v1/environments/{environment}/{path}")
    return [] if answer.is_success else problem_lines(answer)


async def _forget(config: ConfigOption, environment: str) -> None:
    from imis_sso.environments import ConfigurationError
    from imis_sso.services.closings import forget_closings
    from imis_sso.storage import opened_store

    _, settings = load_registry(config)
    try:
        store = await opened_store(settings)
        await store.refused_logins.forget(environment)
        await forget_closings(store.facts, environment)
        await store.aclose()
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
