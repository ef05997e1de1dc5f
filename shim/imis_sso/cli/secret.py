"""`imis-sso secret`: fingerprints of secrets, and the key they are made with (C22, C25)."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
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

app = typer.Typer(help="Fingerprints of secrets, and their key.", no_args_is_help=True)


@app.callback()
def _secret() -> None:
    """Fingerprints of secrets, and their key."""


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


@app.command("rotate-key")
def rotate_key(
    out: Annotated[
        Path | None, typer.Option(help="File for the new key; beside the present one by default.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Make a new server key and print what to set; nothing is changed by that alone."""
    from imis_sso.environments import ConfigurationError
    from imis_sso.store.key import key_file, load_key, new_key

    _, settings = load_registry(config)
    present = key_file(settings)
    if not present.exists():
        raise Failure(f"there is no server key to be rotated: {present} does not exist")
    try:
        load_key(settings)  # no rotation away from keys that cannot be used
        made = out.absolute() if out is not None else _beside(present)
        new_key(made)
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
    _tell(made, [present, *settings.fingerprint_key_previous], json=json)


def _beside(present: Path) -> Path:
    numbered = (
        present.with_name(f"{present.stem}-{number}{present.suffix}") for number in count(2)
    )
    return next(each for each in numbered if not each.exists())


def _tell(made: Path, previous: list[Path], *, json: bool) -> None:
    import yaml

    settings = {
        "fingerprint_key_file": str(made),
        "fingerprint_key_previous": [str(each) for each in previous],
    }
    if json:
        say_json(settings)
        return
    say(f"A new server key is in {made}. Nothing uses it until the registry of every replica says:")
    say(yaml.safe_dump({"server": settings}, sort_keys=False).rstrip())
    say("Restart the service. Keep the old keys until every state has been planned and applied.")
    say("A log-in that a person made is sealed anew when it is used with the new key.")


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
