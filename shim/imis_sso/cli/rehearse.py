"""`imis-sso rehearse`: a harmless write and its undoing on a test tenant, by each connector."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json, table
from imis_sso.cli.target import (
    DEFAULT_CONFIG,
    ConfigOption,
    EnvironmentArgument,
    JsonOption,
    load_registry,
    user_name,
)

if TYPE_CHECKING:
    from imis_sso.rehearsing import Attempt

_WORDS = {True: "proved", False: "LOST", None: "not proved"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rehearse")(rehearse)


def rehearse(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Write a harmless field on a test tenant by each connector, put it back, prove what survived.

    Exit code 0 all proved, 2 something was not, 1 could not run or could not be put back.
    """
    attempts = _attempted(environment, config)
    if json:
        say_json({"environment": environment, "attempts": [_as_dict(each) for each in attempts]})
    else:
        for each in attempts:
            _print(each)
    _end(attempts)


def _attempted(environment: str, config: ConfigOption) -> list[Attempt]:
    from imis_sso.environments import ConfigurationError
    from imis_sso.rehearsing import rehearse_all

    registry, settings = load_registry(config)
    if environment not in registry.environments:
        known = ", ".join(registry.environments)
        raise Failure(f"there is no environment {environment!r} in {config}; it has: {known}")
    if registry.environments[environment].production:
        msg = f"{environment} is production: rehearse on a test environment of the same version"
        raise Failure(msg)
    who = f"cli.{user_name()}"
    try:
        return asyncio.run(rehearse_all(registry, settings, environment, who, _progress))
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        say(line, error=True)


def _as_dict(attempt: Attempt) -> dict[str, Any]:
    if attempt.rehearsal is None:
        told = {"product": attempt.product, "connector": attempt.connector, "passed": False}
        return {**told, "why": attempt.why}
    return {**attempt.rehearsal.as_dict(), "stuck": attempt.rehearsal.stuck}


def _print(attempt: Attempt) -> None:
    found = attempt.rehearsal
    if found is None:
        say(f"{attempt.connector}: not rehearsed. {attempt.why}")
        return
    verdict = "rehearsed" if found.passed else "NOT proved"
    say(f"{found.connector} on version {found.version or 'unknown'}: {verdict}")
    table(["", "", "found"], [[_WORDS[each.held], each.what, each.detail] for each in found.proofs])


def _end(attempts: list[Attempt]) -> None:
    stuck = [each.rehearsal.stuck for each in attempts if each.rehearsal and each.rehearsal.stuck]
    if stuck:
        raise Failure(*stuck)
    if any(each.rehearsal is None for each in attempts) or not attempts:
        raise Failure(code=1)
    if not all(each.rehearsal and each.rehearsal.passed for each in attempts):
        raise Failure(code=DIFFERENT)
