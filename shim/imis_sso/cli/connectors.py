"""`imis-sso connectors`: who serves which document, why, and what of its reach is accepted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json, table
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

PAGES: Final = ("imis/oidc-authentication", "imis/licence", "cloud-sso/imis-sso-settings")
"""A document of every page."""
app = typer.Typer(help="Who serves which document, and what it reaches.", no_args_is_help=True)


@app.command("list")
def list_connectors(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Read every page once, and show who serves each document and what is out of reach.

    Exit code 0: everything as accepted, 2: something is to be accepted or was lost.
    """
    target = Target(config, url, token)

    found = run(partial(looked, environment), target, f"Looking at every page of {environment} …")
    if json:
        say_json(found)
    else:
        _show(found["items"])
    if any(each["unaccepted"] or each["lost"] for each in found["items"]):
        raise Failure(code=DIFFERENT)


@app.command("accept")
def accept(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Accept, for every document, exactly what its connector reaches now (needs `admin`)."""
    target = Target(config, url, token, "admin")

    async def post(client: httpx.AsyncClient) -> Any:
        return await call(client, "POST", f"{_path(environment)}/accept", json={})

    found = run(post, target, f"Accepting the reach of {environment} …")
    if json:
        say_json(found)
        return
    for each in found["items"]:
        gained, lost = ", ".join(each["unaccepted"]), ", ".join(each["lost"])
        said = [f"reached from now on: {gained}"] if gained else []
        said += [f"given up: {lost}"] if lost else []
        say(f"{each['resource']} ({each['connector']}): {'; '.join(said)}.")
    if not found["items"]:
        say(f"{environment}: nothing is to be accepted.")


async def looked(environment: str, client: httpx.AsyncClient) -> Any:
    """Read every page once, so that each closed door is known; give who serves what."""
    for path in PAGES:
        await client.get(f"/v1/environments/{environment}/{path}")  # who serves is told below
    return await call(client, "GET", _path(environment))


def _show(items: list[dict[str, Any]]) -> None:
    rows = [
        (
            each["resource"],
            each["connector"],
            ", ".join(each["unreachable"]) or "-",
            ", ".join(each["unaccepted"]) or "-",
            ", ".join(each["lost"]) or "-",
        )
        for each in items
    ]
    table(("Document", "Served by", "Out of reach", "To be accepted", "Lost"), rows)
    told = {
        (door["connector"], door["state"], door["detail"], door["again"])
        for each in items
        for door in each["doors"]
        if door["detail"]
    }
    for connector, state, detail, again in sorted(told, key=str):
        when = f" (tried again from {again} on)" if again else ""
        say(f"{connector} is {state}{when}: {detail}")


def _path(environment: str) -> str:
    return f"/v1/environments/{environment}/connectors"
