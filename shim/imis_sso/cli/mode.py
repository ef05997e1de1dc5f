"""`imis-sso mode`: raise or lower external sign-in without Terraform (contract 1.2)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import say, say_json
from imis_sso.cli.target import (
    DEFAULT_CONFIG,
    ConfigOption,
    EnvironmentArgument,
    JsonOption,
    SpoolOption,
    Target,
    TokenOption,
    UrlOption,
    call,
    run,
)

if TYPE_CHECKING:
    import httpx


class ModeName(enum.StrEnum):
    """The modes of iMIS."""

    DISABLED = "disabled"
    TEST_MODE = "test_mode"
    ENABLED = "enabled"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mode")(mode)


def mode(
    environment: EnvironmentArgument,
    to: Annotated[ModeName, typer.Argument(metavar="MODE", help="The mode to set.")],
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Meet every gate, write nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Override the gates; needs the scope admin.")
    ] = False,
    json: JsonOption = False,
    spool: SpoolOption = None,
) -> None:
    """Set how people sign in to iMIS. Lowering always works; raising passes the gates."""
    # Up or down only the live mode tells; what goes up needs the store all the same (contract 1.2).
    lowers = to is not ModeName.ENABLED
    target = Target(config, url, token, "admin" if force else "apply", lowers, spool)
    switches = {"dry_run": dry_run, "force": force}
    query = {"include": "meta"} | {key: "true" for key, on in switches.items() if on}

    async def put(client: httpx.AsyncClient) -> Any:
        path = f"/v1/environments/{environment}/imis/oidc-authentication"
        headers = await _condition(client, path, to)
        return await call(
            client, "PUT", path, json={"mode": to.value}, params=query, headers=headers
        )

    found = run(put, target, f"Setting the mode of {environment} …")
    if json:
        say_json(found)
    else:
        _print(environment, found, dry_run=dry_run)


async def _condition(client: httpx.AsyncClient, path: str, to: ModeName) -> dict[str, str]:
    """Name the state that a raise begins from (contract C34); nothing may stop lowering."""
    if to is ModeName.DISABLED:
        return {}
    found = await call(client, "GET", path, params={"include": "meta"})
    lowering = found["mode"] == ModeName.ENABLED
    return {} if lowering else {"If-Match": found["meta"]["etag"]}


def _print(environment: str, found: dict[str, Any], *, dry_run: bool) -> None:
    changes = found["meta"]["changes"]
    would = "would change" if dry_run else "changed"
    moves = [f"{would} from {each['before']} to {each['after']}" for each in changes]
    say(f"{environment}: mode {moves[0] if moves else 'is ' + found['mode'] + ' already'}.")
    for line in (*found["meta"]["gates"], *found["meta"]["notices"]):
        say(line)
