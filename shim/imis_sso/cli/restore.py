"""`imis-sso restore` and `imis-sso repair`: going back to a snapshot (contract section 7).

Both show first what would change, ask, and send what they have shown: where a product moved in
between, nothing is written.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json, table
from imis_sso.cli.show import text
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

KEPT: Final = "kept, not restored"
SECONDS: Final = 300  # several writes, each with its own deadline (contract C33)
ResourceOption = Annotated[
    list[str] | None,
    typer.Option("--resource", "-r", help="Only this document; may be repeated."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change; 2 if anything would.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class Goal(enum.StrEnum):
    """What `repair` goes back to."""

    LAST_APPLIED = "last-applied"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("restore")(restore)
    app.command("repair")(repair)


def restore(
    environment: EnvironmentArgument,
    snapshot: Annotated[
        str, typer.Argument(metavar="SNAPSHOT", help="Id, its beginning, number, or latest.")
    ],
    resource: ResourceOption = None,
    reason: Annotated[str, typer.Option(help="Why; goes on the audit trail.")] = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Bring a snapshot back. It shows what would change, and asks. Exit code 2: not all is back."""
    if not (reason.strip() or dry_run):
        msg = "--reason is needed: say why, for the audit trail"
        raise typer.BadParameter(msg)
    going = _Going(environment, snapshot, resource, reason, json=json)
    going.go((config, url, token), dry_run=dry_run, yes=yes)


def repair(
    environment: EnvironmentArgument,
    to: Annotated[Goal, typer.Option(help="What to go back to.")],
    resource: ResourceOption = None,
    reason: Annotated[str, typer.Option(help="Why; goes on the audit trail.")] = "repair",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    url: UrlOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Bring each document back to what was written last from here, for example after a refresh."""
    going = _Going(environment, to.value, resource, reason, json=json)
    going.go((config, url, token), dry_run=dry_run, yes=yes)


@dataclass(frozen=True)
class _Going:
    """One way back, for a person."""

    environment: str
    snapshot: str
    resources: list[str] | None
    reason: str
    json: bool

    def go(self, place: tuple[Path, str | None, str | None], *, dry_run: bool, yes: bool) -> None:
        shown = self._ask(Target(*place, "read"), {"dry_run": "true"}, {}, "Comparing")
        changing = [each for each in shown["documents"] if each["changes"]]
        if not (self.json and (dry_run or yes)):
            self._show(shown)
        if dry_run or not changing:
            self._end(shown, DIFFERENT if changing else 0, only_shown=True)
            return
        if not yes and not typer.confirm("Restore this?"):
            raise Failure(f"{self.environment}: nothing was restored")
        looked_at = {each["resource"]: each["etag"] for each in shown["documents"]}
        body = {"reason": self.reason, "expected": looked_at}
        done = self._ask(Target(*place, "admin"), {}, body, "Restoring")
        lost = any(each["secret"] == KEPT for each in done["documents"])
        self._end(done, DIFFERENT if lost else 0, only_shown=False)

    def _ask(
        self, target: Target, query: dict[str, str], body: dict[str, Any], doing: str
    ) -> dict[str, Any]:
        named = {"resources": self.resources} if self.resources else {}

        async def post(client: httpx.AsyncClient) -> Any:
            name = quote(self.snapshot, safe="")
            path = f"/v1/environments/{self.environment}/snapshots/{name}/restore"
            return await call(
                client, "POST", path, params=query, json=body | named, timeout=SECONDS
            )

        found: dict[str, Any] = run(post, target, f"{doing} {self.environment} …")
        return found

    def _show(self, shown: dict[str, Any]) -> None:
        rows = [
            (each["resource"], change["field"], text(change["before"]), text(change["after"]))
            for each in shown["documents"]
            for change in each["changes"]
        ]
        if rows:
            table(("Document", "Field", "Product holds", "Snapshot says"), rows)
        if rows:
            say("Steps:")
        for step in shown["steps"] if rows else ():
            say("  " + " to ".join(each for each in (step["resource"], step["mode"]) if each))
        for line in (*shown["gates"], *shown["undecided"], *shown["notices"]):
            say(line)

    def _end(self, found: dict[str, Any], code: int, *, only_shown: bool) -> None:
        if self.json:
            say_json(found)
        elif not only_shown:
            for line in found["notices"]:
                say(line)
            say(f"{self.environment}: restored {found['snapshot']}, writes: {found['writes']}.")
            say(f'To go back: imis-sso restore {self.environment} {found["before"]} --reason "…"')
        elif not code:
            say(f"{self.environment}: the products hold the snapshot {found['snapshot']}.")
        if code:
            raise Failure(code=code)
