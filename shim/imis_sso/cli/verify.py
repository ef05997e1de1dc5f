"""`imis-sso verify`: whether the two halves of a pair agree, and the provider with both."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.checks import print_checks
from imis_sso.cli.console import DIFFERENT, Failure, say, say_json
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

PassiveOption = Annotated[
    bool,
    typer.Option(
        "--passive", help="Cost the provider no refused request; then scope read is enough."
    ),
]
WatchOption = Annotated[
    bool,
    typer.Option("--watch", help="Go on until Ctrl-C; print what changes. Not with --json."),
]
EveryOption = Annotated[
    float, typer.Option("--every", min=5.0, help="With --watch: seconds between two looks.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
    passive: PassiveOption = False,
    watch: WatchOption = False,
    every: EveryOption = 60.0,
) -> None:
    """Verify that iMIS and Cloud SSO agree, live. Exit code 0 passed, 2 failed, 1 could not run."""
    target = Target(config, url, token, "read" if passive else "apply")
    if watch:
        if json:
            msg = "--watch prints for people: leave --json out, or ask again and again"
            raise Failure(msg)
        run(
            partial(_watch, environment, every, passive=passive),
            target,
            f"Watching {environment} …",
        )
        return

    async def ask(client: httpx.AsyncClient) -> Any:
        return await _ask(client, environment, passive=passive)

    found = run(ask, target, f"Verifying {environment} …")
    if json:
        say_json(found)
    else:
        _print(found)
    if not found["passed"]:
        raise Failure(code=DIFFERENT)


async def _ask(client: httpx.AsyncClient, environment: str, *, passive: bool) -> Any:
    probe = "passive" if passive else "active"
    path = f"/v1/environments/{environment}/verification?probe={probe}"
    return await call(client, "GET", path)


async def _watch(
    environment: str, every: float, client: httpx.AsyncClient, *, passive: bool
) -> None:
    """Look again and again; active probes run only where something changed since the last ones.

    A product that cannot be read is told and looked at again.
    """
    before: dict[str, Any] | None = None
    silent: set[str] = set()
    while True:
        try:
            found = await _ask(client, environment, passive=True)
            if not passive and (before is None or _open(found) - silent):
                found = await _ask(client, environment, passive=False)
                silent = {each["id"] for each in found["checks"] if each["status"] == "skipped"}
        except Failure as failure:
            if before is None:
                raise
            say(f"{_now()} {'; '.join(failure.lines)}", error=True)
        else:
            _tell(found, before)
            before = found
        await asyncio.sleep(every)


def _open(found: dict[str, Any]) -> set[str]:
    """Give the checks that only active probes would decide."""
    return {each["id"] for each in found["checks"] if "probe=active" in each["detail"]}


def _tell(found: dict[str, Any], before: dict[str, Any] | None) -> None:
    if before is None:
        _print(found)
        return
    known = {each["id"]: each for each in before["checks"]}
    for each in found["checks"]:
        if known.get(each["id"], {}).get("status") != each["status"]:
            remedy = f" {each['remedy']}" if each["remedy"] else ""
            say(f"{_now()} {each['status']} {each['id']}: {each['detail']}.{remedy}")


def _now() -> str:
    return datetime.now(UTC).strftime("%H:%M:%SZ")


def _print(found: dict[str, Any]) -> None:
    print_checks(found["checks"])
    verdict = "passed" if found["passed"] else "failed"
    say(f"{found['environment']}: verification {verdict} ({found['proof']} proof).")
