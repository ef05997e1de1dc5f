"""`imis-sso diff`: a settings file or a snapshot against what the products hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

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
        Path | None, typer.Option("--settings", "-s", help="Settings file, as the stacks read it.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="SNAPSHOT", help="Id, its beginning, number, latest, or last-applied."
        ),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Compare a file or a snapshot with the live pair. Exit code 0 equal, 2 different, 1 error."""
    if (settings is None) == (at is None):
        msg = "give either --settings FILE or --at SNAPSHOT"
        raise typer.BadParameter(msg)
    wanted = _declared(settings) if settings else ()

    async def compare(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        if at is not None:
            return await _compare_snapshot(client, environment, at)
        return await _compare(client, environment, wanted)

    found = run(compare, Target(config, url, token), f"Reading {environment} …")
    if json:
        say_json({"environment": environment, "changes": found})
    else:
        _print(environment, found, "snapshot" if at else "file")
    if found:
        raise Failure(code=DIFFERENT)


async def _compare_snapshot(
    client: httpx.AsyncClient, environment: str, at: str
) -> list[dict[str, Any]]:
    """Compare what a snapshot keeps; what is out of reach now is nobody's difference."""
    from imis_sso.domain.difference import differing
    from imis_sso.domain.documents import flatten

    base = f"/v1/environments/{environment}"
    kept = (await call(client, "GET", f"{base}/snapshots/{quote(at, safe='')}"))["documents"]
    changes: list[dict[str, Any]] = []
    for path, document in kept.items():
        live = await call(client, "GET", f"{base}/{path}", params={"include": "meta"})
        out_of_reach = live.pop("meta")["unreachable"]
        wanted = {
            field: value for field, value in flatten(document).items() if field not in out_of_reach
        }
        found = differing(flatten(live), wanted)
        changes += [{"resource": path, **each.as_dict()} for each in found]
    return changes


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


def _print(environment: str, changes: list[dict[str, Any]], what: str) -> None:
    if not changes:
        say(f"{environment}: the products hold what the {what} says.")
        return
    rows = [
        (each["resource"], each["field"], text(each["before"]), text(each["after"]))
        for each in changes
    ]
    table(("Document", "Field", "Product holds", f"{what.capitalize()} says"), rows)
    say(f"{environment}: {len(changes)} field{'s' if len(changes) > 1 else ''} differ.")
