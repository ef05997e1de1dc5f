"""`imis-sso emergency`: what is broken, who can sign in, down with the mode, hold and release."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json, table
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

NO_REASON: Final = "emergency, no reason given"
_ORDER: Final = ("failed", "warning", "skipped", "passed")
_DONE: Final = {
    "lowered": "{env}: the mode was LOWERED to {mode}.",
    "already": "{env}: the mode is {mode} already; nothing was written.",
    "failed": "{env}: the mode was NOT lowered: {detail}",
    "not-asked": "{env}: the mode was left as it is.",
}


class LowerTo(enum.StrEnum):
    """The modes that an emergency goes down to."""

    DISABLED = "disabled"
    TEST_MODE = "test_mode"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("emergency")(emergency)


def emergency(
    environment: EnvironmentArgument,
    lower: Annotated[
        LowerTo | None, typer.Option("--lower", help="Lower the mode to this, if it is higher.")
    ] = None,
    hold: Annotated[
        bool | None,
        typer.Option(
            "--hold/--no-hold",
            show_default=False,
            help="Refuse to raise the mode until it is released. With --lower that is so anyway.",
        ),
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", help="Release the hold; needs --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit trail.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
    spool: SpoolOption = None,
) -> None:
    """Say what is broken and who can sign in; lower the mode and hold it there if asked.

    Exit code 0: nothing is broken, 2: something is, 1: could not run.
    """
    if release:
        if lower is not None or hold is not None or not reason:
            raise Failure("--release stands alone, and takes a --reason")
        _release(Target(config, url, token, "admin"), environment, reason, json=json)
        return
    pulls = lower is not None or bool(hold)
    target = Target(config, url, token, "apply" if pulls else "read", emergency=True, spool=spool)
    pulled = None
    body = {"hold": hold is not False, "reason": reason or NO_REASON}
    if lower is not None:
        body["mode"] = lower.value

    async def work(client: httpx.AsyncClient) -> tuple[Any, Any]:
        path = f"/v1/environments/{environment}/emergency"
        pulled = await call(client, "POST", path, json=body) if pulls else None
        if pulled is not None and not json:
            _print_pulled(pulled)
        return pulled, await call(client, "GET", path)

    pulled, found = run(work, target, f"Looking at {environment} (20 seconds at most) …")
    if json:
        say_json({"report": found, "pulled": pulled})
    else:
        _print(found, pulled)
    if found["broken"] or (pulled is not None and pulled["outcome"] == "failed"):
        raise Failure(code=DIFFERENT)


def _release(target: Target, environment: str, reason: str, *, json: bool) -> None:
    async def work(client: httpx.AsyncClient) -> Any:
        path = f"/v1/environments/{environment}/hold/release"
        return await call(client, "POST", path, json={"reason": reason})

    found = run(work, target, f"Releasing the hold of {environment} …")
    if json:
        say_json(found)
        return
    hold = found["released"]
    if hold is None:
        say(f"{environment}: there is no hold.")
    else:
        say(f"{environment}: the hold of {hold['who']} ({hold['reason']}) is released.")


def _print_pulled(pulled: dict[str, Any]) -> None:
    say(_DONE[pulled["outcome"]].format(env=pulled["environment"], **_words(pulled)))
    if pulled["manual_step"]:
        say(f"DO THIS BY HAND: {pulled['manual_step']}")
    if pulled["hold"]:
        say(f"{pulled['environment']}: a hold is set; nobody raises the mode until it is released.")
    for notice in pulled["notices"]:
        say(notice)
    say("")


def _words(pulled: dict[str, Any]) -> dict[str, str]:
    return {"mode": pulled["mode"], "detail": pulled["detail"]}


def _print(found: dict[str, Any], pulled: dict[str, Any] | None) -> None:
    name = found["environment"]
    checks = sorted(found["checks"], key=lambda each: _ORDER.index(each["status"]))
    failed = [each["id"] for each in checks if each["status"] == "failed"]
    say(f"{name}: BROKEN: {', '.join(failed)}." if failed else f"{name}: nothing is broken.")
    rows = [(each["status"], each["id"], each["detail"], each["remedy"]) for each in checks]
    table(("Status", "Check", "Found", "Remedy"), rows)
    say(f"Mode now: {found['mode']}. {_hold(found['hold'])}")
    say("Who can sign in:")
    for each in found["sign_in"]:
        say(f"{'->' if each['now'] else '  '} {each['mode']}: {each['who']}")
    for notice in found["notices"]:
        say(notice)
    if failed and pulled is None and found["mode"] != "disabled":
        say(f'To go down: imis-sso emergency {name} --lower disabled --reason "…"')
    if found["hold"]:
        say(f'To go up again later: imis-sso emergency {name} --release --reason "…"')


def _hold(hold: dict[str, str] | None) -> str:
    if hold is None:
        return "No hold."
    return f'Held by {hold["who"]} since {hold["since"]}: "{hold["reason"]}".'
