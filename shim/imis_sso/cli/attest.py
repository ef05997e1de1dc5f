"""`imis-sso attest-sign-in`: a person signs in, and says that it works (contract 1.2)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

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
    load_registry,
    run,
)

if TYPE_CHECKING:
    import httpx
    from playwright.async_api import Page

    from imis_sso.connectors.browser.watched import Person, Trust, Watched

SECONDS: Final = 600.0
"""How long a person may take."""
ASK: Final = "Does iMIS show that you are signed in?"
_BEGIN: Final = (
    "Sign in as a member of staff in the window that opens now, by the e-mail address, not with "
    "iMIS credentials. You have {minutes:.0f} minutes."
)


class AtTheTerminal:
    """The person who gave the command: signs in in the window, answers here."""

    async def sign_in(self, page: Page) -> None:
        """Leave the window to the person."""
        await page.bring_to_front()

    async def is_signed_in(self) -> bool:
        """Ask, for how iMIS shows it is not documented (product facts 3.1)."""
        return await asyncio.to_thread(typer.confirm, ASK, err=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("attest-sign-in")(attest_sign_in)


def attest_sign_in(
    environment: EnvironmentArgument,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file", help="Authority to trust besides the system's; with --config, as there."
        ),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Sign in to iMIS in a watched browser, and put on record that it works.

    Exit code 0: attested, 2: the sign-in failed, 1: could not run.
    """
    target = Target(config, url, token, "apply")
    now = begin(target, environment)
    trust = _trust(target, environment, now, ca_file)
    say(_BEGIN.format(minutes=SECONDS / 60), error=True)
    found = finish(target, now, watched(now, AtTheTerminal(), trust))
    if json:
        say_json(found)
    else:
        _print(environment, found)
    if found["outcome"] != "signed-in":
        raise Failure(code=DIFFERENT)


def begin(target: Target, environment: str) -> dict[str, Any]:
    """Ask what a sign-in would be attested for; the mode `disabled` ends the command."""

    async def ask(client: httpx.AsyncClient) -> Any:
        return await call(client, "GET", f"{_path(environment)}/current")

    now: dict[str, Any] = run(ask, target, f"Reading {environment} …")
    if now["mode"] == "disabled":
        msg = f"{environment} is in mode disabled: raise it to test_mode first, then sign in"
        raise Failure(msg)
    return now


def watched(
    now: dict[str, Any], person: Person, trust: Trust, seconds: float = SECONDS
) -> tuple[Watched, bool]:
    """Have a person sign in; what cannot be attested ends the command."""
    from imis_sso.connectors.browser.watched import watch
    from imis_sso.domain.problems import Problem

    try:
        seen, signed_in = asyncio.run(watch(now["sign_in_url"], person, seconds, trust))
    except Problem as problem:
        raise Failure(problem.detail) from None
    if not seen.was_asked:
        msg = (
            f"iMIS did not send the browser to a provider from {now['sign_in_url']}: nothing is "
            "attested (see imis.sign_in_path)"
        )
        raise Failure(msg)
    if not seen.came_back:
        msg = "the sign-in did not come back to iMIS: it was given up, or the provider refused it; "
        raise Failure(f"{msg}nothing is attested")
    return seen, signed_in


def finish(target: Target, now: dict[str, Any], found: tuple[Watched, bool]) -> dict[str, Any]:
    """Put what was seen on record, and give the record."""
    seen, signed_in = found
    body = {
        "client_id": seen.client_id,
        "digest": now["digest"],
        "outcome": "signed-in" if signed_in else "not-signed-in",
        "redirect_url": seen.redirect_url,
    }

    async def post(client: httpx.AsyncClient) -> Any:
        return await call(client, "POST", _path(now["environment"]), json=body)

    result: dict[str, Any] = run(post, target, f"Attesting the sign-in of {now['environment']} …")
    return result


def _path(environment: str) -> str:
    return f"/v1/environments/{environment}/attestations"


def _trust(target: Target, environment: str, now: dict[str, Any], ca_file: Path | None) -> Trust:
    from imis_sso.connecting import proxy_of
    from imis_sso.connectors.browser.watched import Trust
    from imis_sso.domain.hosts import host_of

    hosts = [host_of(each) for each in (now["sign_in_url"], now["authority_url"]) if each]
    if target.url is None:
        section = load_registry(target.config)[0].environments[environment]
        ca_file = ca_file or section.ca_file
        hosts += section.egress.allow  # a directory with a certificate of one's own is among them
        return Trust(ca_file, tuple(dict.fromkeys(hosts)), proxy=proxy_of(section))
    return Trust(ca_file, tuple(dict.fromkeys(hosts)))


def _print(environment: str, found: dict[str, Any]) -> None:
    if found["outcome"] == "signed-in":
        say(f"{environment}: {found['who']} attested a sign-in for exactly these settings.")
        say(f"To go live: imis-sso mode {environment} enabled")
    else:
        say(f"{environment}: the sign-in FAILED, and is on record as failed.")
        say(f"What may be wrong: imis-sso verify {environment}")
