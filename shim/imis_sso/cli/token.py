"""`imis-sso token`: who may call (contract C40)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from imis_sso.cli.console import Failure, say, say_json, table
from imis_sso.cli.expiry import expiry
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, JsonOption, load_registry
from imis_sso.domain.access import Scope, TokenNameTaken, TokenRecord

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
    expires: Annotated[
        str | None, typer.Option(help="When it ends: 90d, 12h or a date; default: never.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Make a token and print it once; only its hash is kept."""
    expires_at = _expiry(expires)
    registry, _ = load_registry(config)
    unknown = [each for each in environment or () if each not in registry.environments]
    if unknown:
        known = ", ".join(registry.environments)
        raise Failure(f"there is no environment {unknown[0]!r} in {config}; it has: {known}")
    bound = frozenset(environment) if environment else None

    async def make(store: Store) -> str:
        return await store.tokens.create(name, scope, bound, expires_at)

    try:
        made = with_store(config, make)
    except TokenNameTaken as error:
        raise Failure(str(error)) from None
    if json:
        say_json({"name": name, "token": made, "expires": _moment(expires_at)})
        return
    say(made)
    if expires_at is None:
        say(f"{name} never expires; --expires 90d would end it by itself.", error=True)


def _expiry(text: str | None) -> datetime | None:
    try:
        return None if text is None else expiry(text, datetime.now(UTC))
    except ValueError as error:
        raise Failure(f"--expires: {error}") from None


@app.command("list")
def list_tokens(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List the tokens; the tokens themselves are not kept."""
    found = with_store(config, lambda store: store.tokens.list())
    if json:
        say_json([described(each) for each in found])
        return
    rows = [[value or "never" for value in described(each).values()] for each in found]
    table(("Name", "Scope", "Environments", "Created", "Expires", "Last used", "State"), rows)


def described(token: TokenRecord) -> dict[str, str | None]:
    """Give what is shown of a token; null stands for never."""
    bound = token.environments
    return {
        "name": token.name,
        "scope": token.scope.value,
        "environments": "all" if bound is None else ", ".join(sorted(bound)),
        "created": _moment(token.created_at),
        "expires": _moment(token.expires_at),
        "last_used": _moment(token.last_used_at),
        "state": token.state(datetime.now(UTC)).value,
    }


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds")


@app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Name of the token.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Revoke a token at once."""
    if not with_store(config, lambda store: store.tokens.revoke(name)):
        raise Failure(f"there is no active token named {name!r}")
    say(f"{name}: revoked.")


def with_store(config: ConfigOption, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something with the store of a registry file; what is wrong with it ends the command."""
    from imis_sso.environments import ConfigurationError
    from imis_sso.storage import opened_store

    _, settings = load_registry(config)

    async def session() -> T:
        store = await opened_store(settings)
        try:
            return await work(store)
        finally:
            await store.aclose()

    try:
        return asyncio.run(session())
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
