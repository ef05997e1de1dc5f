"""`imis-sso confirm`: a person says that a step is done, or what a product holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json, table
from imis_sso.cli.present import documents_of, template
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

ASK: Final = "Is it done, and did the page keep it when you loaded it again?"
Record = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("confirm")(confirm)


def confirm(
    environment: EnvironmentArgument,
    step: Annotated[
        str | None, typer.Argument(metavar="STEP", help="Step; all that wait without it.")
    ] = None,
    present: Annotated[
        bool, typer.Option("--present", help="Say what the products hold now, page by page.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="With --present: YAML with the documents, instead of asking."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="It is done: ask nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also where a check shows that it is not (admin).")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Show a step for a person, check what can be checked, ask, and put the answer on record.

    Exit code 0: confirmed, 2: not done, or a check shows that it is not, 1: could not run.
    """
    target = Target(config, url, token, "admin" if force else "apply")
    if present:
        _say_present(target, environment, file, json=json)
        return
    waiting = _waiting(target, environment, step)
    if not waiting:
        _say_nothing_waits(target, environment)
    done = [_one(target, environment, each, yes=yes, force=force, quiet=json) for each in waiting]
    if json:
        say_json({"environment": environment, "steps": done})
    if any(each["state"] != "confirmed" for each in done):
        raise Failure(code=DIFFERENT)


def _waiting(target: Target, environment: str, step: str | None) -> list[Record]:
    async def ask(client: httpx.AsyncClient) -> Any:
        if step is not None:
            return [await call(client, "GET", f"{_path(environment)}/{step}")]
        found = await call(client, "GET", _path(environment), params={"state": "pending"})
        return list(reversed(found["items"]))

    found: list[Record] = run(ask, target, f"Looking up the steps of {environment} …")
    return found


def _say_nothing_waits(target: Target, environment: str) -> None:
    """Say so, unless nobody has said yet what is there: then that is what waits."""

    async def ask(client: httpx.AsyncClient) -> Any:
        return await call(client, "GET", f"/v1/environments/{environment}/status")

    resources = run(ask, target, f"Looking what {environment} waits for …")["resources"]
    untold = [each["resource"] for each in resources if each["pending_manual_step"] == "present"]
    if not untold:
        say(f"{environment}: no step waits for a person.")
        return
    say(f"{environment}: nobody has said yet what is in {', '.join(untold)}.")
    say(f"Look there, and say it: imis-sso confirm {environment} --present")
    raise Failure(code=DIFFERENT)


def _one(  # a step, and how it is asked for
    target: Target, environment: str, step: Record, *, yes: bool, force: bool, quiet: bool
) -> Record:
    if step["state"] == "confirmed":
        say(f"Step {step['id']} was confirmed by {step['confirmed_by']}.", error=quiet)
        return step
    _show(step, error=quiet)
    if not yes and not typer.confirm(ASK, err=True):
        say(f"Step {step['id']} is left as it is.", error=True)
        return step
    where = f"{_path(environment)}/{step['id']}/confirm"

    async def check(client: httpx.AsyncClient) -> Any:
        return await call(client, "POST", where, params={"dry_run": "true"}, json={})

    async def post(client: httpx.AsyncClient) -> Any:
        query = {"force": "true"} if force else {}
        return await call(client, "POST", where, params=query, json={})

    looked = run(check, target, "Checking what can be checked …")
    if not quiet:
        rows = [(each["status"], each["id"], each["detail"]) for each in looked["checks"]]
        table(("Status", "Check", "Found"), rows)
    found: Record = run(post, target, f"Confirming step {step['id']} …")["step"]
    say(f"Step {found['id']} is confirmed by {found['confirmed_by']}: apply again.", error=quiet)
    return found


def _show(step: Record, *, error: bool) -> None:
    say(f"Step {step['id']}, for {step['resource']}, asked for by {step['who']}:", error=error)
    for each in step["instructions"]:
        say(f"  [ ] {each['detail']}", error=error)
    say(step["detail"].partition(": open ")[0] + ".", error=error)


def _say_present(target: Target, environment: str, file: Path | None, *, json: bool) -> None:
    documents = documents_of(file) if file else template(target, environment)
    body = {"documents": documents}

    async def post(client: httpx.AsyncClient) -> Any:
        return await call(client, "POST", f"{_path(environment)}/present/confirm", json=body)

    found = run(post, target, f"Putting on record what {environment} holds …")
    if json:
        say_json(found)
    else:
        say(f"{environment}: on record for {', '.join(found['documents'])}.")


def _path(environment: str) -> str:
    return f"/v1/environments/{environment}/manual-steps"
