"""`imis-sso secret`: fingerprints of secrets, as plans show them (contract C22)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import Failure, say, say_json
from imis_sso.cli.target import (
    DEFAULT_CONFIG,
    ConfigOption,
    EnvironmentArgument,
    JsonOption,
    Target,
    TokenOption,
    UrlOption,
    call,
    load_registry,
    run,
)

if TYPE_CHECKING:
    import httpx

app = typer.Typer(help="Fingerprints of secrets.", no_args_is_help=True)


@app.callback()
def _secret() -> None:
    """Fingerprints of secrets."""


@app.command("fingerprint")
def fingerprint(
    environment: EnvironmentArgument,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Named secret; without it standard input is read."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Print the version of a secret in an environment; the secret is never printed."""
    version = _named(environment, name, Target(config, url, token)) if name else ""
    version = version or _typed(environment, Target(config, url, token))
    if json:
        say_json({"environment": environment, "name": name, "version": version})
    else:
        say(version)


def _named(environment: str, name: str, target: Target) -> str:
    async def ask(client: httpx.AsyncClient) -> Any:
        return await call(client, "GET", f"/v1/environments/{environment}/secrets/{name}")

    return str(run(ask, target, f"Reading {name} …")["version"])


def _typed(environment: str, target: Target) -> str:
    from imis_sso.domain.secret import Secret
    from imis_sso.environments import ConfigurationError
    from imis_sso.store.key import load_key

    if target.url is not None:
        msg = "a secret from standard input is fingerprinted with --config, never sent to a service"
        raise Failure(msg)
    registry, settings = load_registry(target.config)
    if environment not in registry.environments:
        raise Failure(f"there is no environment {environment!r} in {target.config}")
    try:
        key = load_key(settings)
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
    return key.version(environment, Secret(_from_input()))


def _from_input() -> str:
    if sys.stdin.isatty():
        value = str(typer.prompt("Secret", hide_input=True))
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise Failure("no secret was given on standard input")
    return value
