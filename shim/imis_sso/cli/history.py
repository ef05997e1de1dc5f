"""`imis-sso history`: how the settings came to be what they are (contract section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import say, say_json, table
from imis_sso.cli.target import (
    DEFAULT_CONFIG,
    ConfigOption,
    EnvironmentArgument,
    JsonOption,
    Target,
    TokenOption,
    UrlOption,
    call,
    run,
)

if TYPE_CHECKING:
    import httpx

SHORT = 12
PAGE = 200
_COLUMNS = ("Number", "At", "Snapshot", "Cause", "Document", "Who", "Audit line")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("history")(history)


def history(
    environment: EnvironmentArgument,
    limit: Annotated[int, typer.Option(help="How many entries, the newest first.", min=1)] = 20,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """List the snapshots of an environment: when, by whom and why its settings changed."""

    async def ask(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        return await _entries(client, environment, limit)

    found = run(ask, Target(config, url, token), f"Reading the history of {environment} …")
    if json:
        say_json(found)
    elif not found:
        say(f"{environment}: nothing was written or adopted yet.")
    else:
        table(_COLUMNS, [_row(each) for each in found])


async def _entries(client: httpx.AsyncClient, environment: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while len(found) < limit:
        query = {"limit": str(min(limit - len(found), 200))} | (
            {"cursor": cursor} if cursor else {}
        )
        page = await call(client, "GET", f"/v1/environments/{environment}/snapshots", params=query)
        found += page["items"]
        cursor = page["next"]
        if not cursor:
            break
    return found


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(entry["number"]),
        entry["at"].partition(".")[0].replace("T", " "),
        entry["id"][:SHORT],
        entry["cause"],
        entry["resource"],
        entry["who"],
        str(entry["seq"]),
    )
