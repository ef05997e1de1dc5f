"""`imis-sso directories`: which directory of Cloud SSO each key stands for (contract 1.3)."""

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

app = typer.Typer(help="Which directory of Cloud SSO each key stands for.", no_args_is_help=True)
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Key of the directory.")]


@app.command("list")
def list_(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """List the directories of Cloud SSO, read live, those without a key too."""
    path = _path(environment)

    async def get(client: httpx.AsyncClient) -> list[dict[str, str]]:
        found = await call(client, "GET", path, params={"include": "unbound"})
        keys = [each["id"] for each in found["items"]]
        bound = [await call(client, "GET", f"{path}/{key}/binding") for key in keys]
        return [*bound, *({"id": "", **each} for each in found["unbound"])]

    found = run(get, Target(config, url, token), f"Reading the directories of {environment} …")
    if json:
        say_json({"directories": found})
        return
    names = ("id", "name", "record", "issuer")
    rows = [[each.get(name, "") for name in names] for each in found]
    table(("Key", "Name", "Record", "Issuer"), rows, title="Directories")


@app.command()
def bind(
    environment: EnvironmentArgument,
    key: KeyArgument,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of the directory in Cloud SSO.")
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", help="Its record, where several have the name.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Have a key stand for a directory that is there; nothing is written to Cloud SSO."""
    wanted: dict[str, Any] = {"record": record} if record else {"name": name or ""}

    async def post(client: httpx.AsyncClient) -> Any:
        path = f"{_path(environment)}/{key}/binding"
        return await call(client, "POST", path, json=wanted)

    target = Target(config, url, token, "apply")
    found = run(post, target, f"Looking for the directory in {environment} …")
    say(f'{environment}: {key} stands for "{found["name"]}" ({found["issuer"]}).')


@app.command()
def unbind(
    environment: EnvironmentArgument,
    key: KeyArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Have a key stand for nothing any more; the directory stays in Cloud SSO."""

    async def delete(client: httpx.AsyncClient) -> Any:
        return await call(client, "DELETE", f"{_path(environment)}/{key}/binding")

    run(delete, Target(config, url, token, "apply"), f"Unbinding {key} …")
    say(f"{environment}: {key} stands for no directory; Cloud SSO keeps what it has.")


def _path(environment: str) -> str:
    return f"/v1/environments/{environment}/cloud-sso/directories"
