"""`imis-sso audit`: the trail of changes, for people and auditors (contract section 7)."""

from __future__ import annotations

import json as json_module
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

app = typer.Typer(
    help="Who changed what: list, export and verify the audit trail.", no_args_is_help=True
)
PAGE = 500
FOLLOW_SECONDS = 2.0
PublicKeyOption = Annotated[
    Path | None,
    typer.Option("--public-key", help="Public key (PEM) that was kept outside."),
]
AnchorOption = Annotated[
    list[Path] | None,
    typer.Option("--anchor", help="File with checkpoints that were kept outside; repeatable."),
]


@app.command("tail")
def tail(
    environment: EnvironmentArgument,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, max=PAGE, help="How many.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Show the newest lines of the trail, the oldest of them first."""
    target = Target(config, url, token)
    found = _page(environment, target, {"limit": str(lines)})[::-1]
    _show(found, json=json)
    while follow:
        time.sleep(FOLLOW_SECONDS)
        last = str(found[-1]["seq"]) if found else "0"
        more = _page(environment, target, {"order": "oldest", "cursor": last})
        if more:
            found = more
            _show(more, json=json)


@app.command("export")
def export(
    environment: EnvironmentArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; without it standard output.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Write the whole trail as JSON Lines, and its last signed checkpoint."""

    async def work(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        return await exported(client, environment)

    found = run(work, Target(config, url, token), f"Reading the trail of {environment} …")
    text = "".join(f"{json_module.dumps(each, sort_keys=True)}\n" for each in found)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise Failure(f"cannot write {output}: {error.strerror}") from None
    say(f"{environment}: {len(found)} entries in {output}.")


@app.command("verify")
def verify(
    environment: EnvironmentArgument,
    public_key: PublicKeyOption = None,
    anchor: AnchorOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Check every line, its place, and the signatures. Exit code 0 well, 2 not, 1 error.

    Without --public-key the service's own key is used: then only somebody who has that key, too,
    could have forged the trail. Anchors find an end that was cut off.
    """
    import tempfile

    from imis_sso.auditor import verify_audit

    async def work(client: httpx.AsyncClient) -> tuple[list[dict[str, Any]], str]:
        found = await exported(client, environment)
        return found, (await _last(client, environment))["public_key"]

    found, own_key = run(work, Target(config, url, token), f"Checking the trail of {environment} …")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "export.jsonl")
        file.write_text("".join(f"{json_module.dumps(each)}\n" for each in found), "utf-8")
        try:
            pem = public_key.read_bytes() if public_key else own_key.encode()
            check = verify_audit.signature_check(pem)
            said, wrong = verify_audit.verify(file, list(anchor or ()), check)
        except (OSError, ValueError) as error:
            raise Failure(f"the trail cannot be checked: {error}") from None
    if json:
        say_json({"environment": environment, "checked": said, "wrong": wrong})
    else:
        for each in wrong:
            say(f"WRONG: {each}")
        say(f"{said}: {'something is wrong' if wrong else 'all is well'}.")
    if wrong:
        raise Failure(code=DIFFERENT)


@app.command("checkpoint")
def checkpoint(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Print the last signed checkpoint on one line, to be kept where the service cannot write."""
    found = _asked(lambda client: _last(client, environment), Target(config, url, token))
    if found["checkpoint"] is None:
        raise Failure(f"the trail of {environment} is empty: there is no checkpoint yet")
    say(json_module.dumps(found["checkpoint"], sort_keys=True))


@app.command("public-key")
def public_key(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Print the public key that checkpoints are signed with, in PEM form."""
    found = _asked(lambda client: _last(client, environment), Target(config, url, token))
    say(found["public_key"].rstrip())


@app.command("verifier")
def verifier() -> None:
    """Print a stand-alone verifier: one Python file that needs nothing of imis-sso."""
    from imis_sso import auditor

    sys.stdout.write(auditor.verifier())


async def exported(client: httpx.AsyncClient, environment: str) -> list[dict[str, Any]]:
    """Give every line of the trail, and its last checkpoint after them."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        query = {"order": "oldest", "limit": str(PAGE), "cursor": cursor}
        page = await _changes(client, environment, query)
        found += page["items"]
        cursor = page["next"]
        if not cursor:
            break
    last = (await _last(client, environment))["checkpoint"]
    # Lines that came while the pages were read are not part of it.
    reached = last is not None and found and last["seq"] <= found[-1]["seq"]
    return [*found, last] if reached else found


async def _changes(client: httpx.AsyncClient, environment: str, query: dict[str, str]) -> Any:
    return await call(client, "GET", f"/v1/environments/{environment}/changes", params=query)


async def _last(client: httpx.AsyncClient, environment: str) -> Any:
    return await call(client, "GET", f"/v1/environments/{environment}/changes/checkpoint")


def _page(environment: str, target: Target, query: dict[str, str]) -> list[dict[str, Any]]:
    page = _asked(lambda client: _changes(client, environment, query), target)
    items: list[dict[str, Any]] = page["items"]
    return items


def _asked(work: Callable[[httpx.AsyncClient], Awaitable[Any]], target: Target) -> Any:
    return run(work, target, "Reading the trail …")


def _show(lines: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        for each in lines:
            say(json_module.dumps(each, sort_keys=True))
        return
    columns = ("No.", "Time", "Who", "What", "Document", "Details")
    table(columns, [_row(each) for each in lines])


def _row(line: dict[str, Any]) -> tuple[str, ...]:
    facts = line["facts"]
    details = [str(facts[key]) for key in ("result", "problem") if key in facts]
    details += [", ".join(facts["fields"])] if facts.get("fields") else []
    details += ["the secret"] if "secret" in facts else []
    details += [f"forced {', '.join(facts['forced'])}"] if facts.get("forced") else []
    details += ["settled by reading"] if facts.get("settled") else []
    if reason := line["from"]["stated_reason"]:
        details.append(f"stated reason: {reason}")
    return (
        str(line["seq"]),
        line["at"][:19] + "Z",
        line["who"],
        line["kind"],
        line["resource"],
        "; ".join(details),
    )
