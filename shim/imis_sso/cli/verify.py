"""`imis-sso verify`: whether the two halves of a pair agree, and the provider with both."""

from __future__ import annotations

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

PassiveOption = Annotated[
    bool,
    typer.Option(
        "--passive", help="Cost the provider no refused request; then scope read is enough."
    ),
]
ORDER = ("failed", "warning", "skipped", "passed")


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
) -> None:
    """Verify that iMIS and Cloud SSO agree, live. Exit code 0 passed, 2 failed, 1 could not run."""
    target = Target(config, url, token)
    probe = "passive" if passive else "active"

    async def ask(client: httpx.AsyncClient) -> Any:
        path = f"/v1/environments/{environment}/verification?probe={probe}"
        return await call(client, "GET", path)

    found = run(ask, target, f"Verifying {environment} …")
    if json:
        say_json(found)
    else:
        _print(found)
    if not found["passed"]:
        raise Failure(code=DIFFERENT)


def _print(found: dict[str, Any]) -> None:
    checks = sorted(found["checks"], key=lambda each: ORDER.index(each["status"]))
    rows = [(each["status"], each["id"], each["detail"], each["remedy"]) for each in checks]
    table(("Status", "Check", "Found", "Remedy"), rows)
    verdict = "passed" if found["passed"] else "failed"
    say(f"{found['environment']}: verification {verdict} ({found['proof']} proof).")
