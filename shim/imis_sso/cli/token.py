"""`imis-sso token`: who may call (contract C40)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from imis_sso.cli.console import Failure, say, say_json, table
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, JsonOption, load_registry
from imis_sso.domain.access import Scope, TokenNameTaken

if TYPE_CHECKING:
    from imis_sso.store.base import Store

app = typer.Typer(help="Make, list and revoke the tokens that callers use.", no_args_is_help=True)
T = TypeVar("T")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it, for example ci-test.")],
    scope: Annotated[
        Scope, typer.Option(help="What it may do; each scope includes those before it.")
    ] = Scope.READ,
    environment: Annotated[
        list[str] | None,
        typer.Option("--environment", "-e", help="Bind it to an environment; may be repeated."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Make a token and print it once; only its hash is kept."""
    registry, _ = load_registry(config)
    unknown = [each for each in environment or () if each not in registry.environments]
    if unknown:
        known = ", ".join(registry.environments)
        raise Failure(f"there is no environment {unknown[0]!r} in {config}; it has: {known}")
    bound = frozenset(environment) if environment else None

    async def make(store: Store) -> str:
        return await store.tokens.create(name, scope, bound)

    try:
        made = _with_store(config, make)
    except TokenNameTaken as error:
        raise Failure(str(error)) from None
    if json:
        say_json({"name": name, "token": made})
    else:
        say(made)


@app.command("list")
def list_tokens(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List the tokens; the tokens themselves are not kept."""
    found = _with_store(config, lambda store: store.tokens.list())
    rows = [
        (
            each.name,
            each.scope.value,
            "all" if each.environments is None else ", ".join(sorted(each.environments)),
            each.created_at.isoformat(timespec="seconds"),
            "active" if each.active else "revoked",
        )
        for each in found
    ]
    columns = ("name", "scope", "environments", "created", "state")
    if json:
        say_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table([each.capitalize() for each in columns], rows)


@app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Name of the token.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Revoke a token at once."""
    if not _with_store(config, lambda store: store.tokens.revoke(name)):
        raise Failure(f"there is no active token named {name!r}")
    say(f"{name}: revoked.")


def _with_store(config: ConfigOption, work: Callable[[Store], Awaitable[T]]) -> T:
    from imis_sso.environments import ConfigurationError
    from imis_sso.store.engine import open_store

    _, settings = load_registry(config)

    async def session() -> T:
        store = await open_store(settings.data_dir)
        try:
            return await work(store)
        finally:
            await store.aclose()

    try:
        return asyncio.run(session())
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
