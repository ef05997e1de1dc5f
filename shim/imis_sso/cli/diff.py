"""`imis-sso diff`: a settings file of the stacks against what the products hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json, table
from imis_sso.cli.show import documents, text
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

    from imis_sso_stacks.documents import Declared, Value


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diff")(diff)


def diff(
    environment: EnvironmentArgument,
    settings: Annotated[
        Path, typer.Option("--settings", "-s", help="Settings file, as the stacks read it.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Compare a settings file with the live pair. Exit code 0 equal, 2 different, 1 error."""
    wanted = _declared(settings)

    async def compare(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        return await _compare(client, environment, wanted)

    found = run(compare, Target(config, url, token), f"Reading {environment} …")
    if json:
        say_json({"environment": environment, "changes": found})
    else:
        _print(environment, found)
    if found:
        raise Failure(code=DIFFERENT)


def _declared(settings: Path) -> tuple[Declared, ...]:
    from imis_sso_stacks.documents import declared
    from imis_sso_stacks.settings_file import SettingsError, load_settings

    try:
        return declared(load_settings(settings))
    except SettingsError as error:
        raise Failure(*str(error).splitlines()) from None


async def _compare(
    client: httpx.AsyncClient, environment: str, wanted: tuple[Declared, ...]
) -> list[dict[str, Any]]:
    from imis_sso.domain.difference import differing
    from imis_sso.domain.documents import flatten

    live = await documents(client, environment, [each.path for each in wanted])
    shown: dict[str, Any] = {}
    changes: list[dict[str, Any]] = []
    for each in wanted:
        body = await _resolved(client, environment, each.body, shown)
        found = differing(flatten(live[each.path]), flatten(body))
        changes += [{"resource": each.path, **change.as_dict()} for change in found]
    return changes


async def _resolved(
    client: httpx.AsyncClient, environment: str, body: dict[str, Value], shown: dict[str, Any]
) -> dict[str, Any]:
    """Put what is shown elsewhere in the place of each reference to it."""
    result: dict[str, Any] = {}
    for key, value in body.items():
        if isinstance(value, dict):
            result[key] = await _resolved(client, environment, value, shown)
        elif isinstance(value, str | bool):
            result[key] = value
        else:
            if value.document not in shown:
                path = f"/v1/environments/{environment}/{value.document}"
                shown[value.document] = await call(client, "GET", path)
            result[key] = shown[value.document][value.field]
    return result


def _print(environment: str, changes: list[dict[str, Any]]) -> None:
    if not changes:
        say(f"{environment}: the products hold what the file says.")
        return
    rows = [
        (each["resource"], each["field"], text(each["before"]), text(each["after"]))
        for each in changes
    ]
    table(("Document", "Field", "Product holds", "File says"), rows)
    say(f"{environment}: {len(changes)} field{'s' if len(changes) > 1 else ''} differ.")
