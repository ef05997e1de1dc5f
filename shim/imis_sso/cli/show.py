"""`imis-sso show`: what the products hold now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import say_json, table
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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show)


def show(
    environment: EnvironmentArgument,
    resource: Annotated[
        str | None,
        typer.Argument(metavar="RESOURCE", help="For example imis/openid-connect; default: all."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Show the settings that the products hold now, read live. Secrets show as fingerprints."""
    target = Target(config, url, token)

    async def read(client: httpx.AsyncClient) -> dict[str, Any]:
        return await documents(client, environment, [resource] if resource else None)

    found = run(read, target, f"Reading {environment} …")
    if json:
        say_json(found[resource] if resource else found)
        return
    for path, document in found.items():
        table(("Field", "Value"), rows(document), title=path)


async def documents(
    client: httpx.AsyncClient, environment: str, paths: list[str] | None = None
) -> dict[str, Any]:
    """Read documents of an environment by path, a collection's one by one; all without `paths`."""
    base = f"/v1/environments/{environment}"
    if paths is None:
        paths = []
        for product in ("imis", "cloud-sso"):
            listed = await call(client, "GET", f"{base}/{product}")
            paths += [f"{product}/{each['id']}" for each in listed["items"]]
    found: dict[str, Any] = {}
    for path in paths:
        document = await call(client, "GET", f"{base}/{path}")
        if "items" in document:
            inner = [f"{path}/{each['id']}" for each in document["items"]]
            found |= await documents(client, environment, inner)
        else:
            found[path] = document
    return found


def rows(document: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Give a document as rows of dotted path and value."""
    result: list[tuple[str, str]] = []
    for key, value in sorted(document.items()):
        if isinstance(value, dict):
            result += rows(value, f"{prefix}{key}.")
        else:
            result.append((f"{prefix}{key}", text(value)))
    return result


def text(value: object) -> str:
    """Write a value as HCL and JSON do, so that "" and false can be told from nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
