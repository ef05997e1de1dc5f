"""`imis-sso offboard`: what a person or system could do here, and its end (contract C40)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, JsonOption, load_registry
from imis_sso.cli.token import described, with_store
from imis_sso.domain.access import TokenState, belongs_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imis_sso.domain.access import TokenRecord
    from imis_sso.domain.ledger import ManagedPeriod
    from imis_sso.environments import CallerSection
    from imis_sso.store.base import Store


@dataclass(frozen=True)
class Holding:
    """What somebody has: tokens that are not revoked, rules that name them, their last writes."""

    tokens: Sequence[TokenRecord]
    rules: Sequence[CallerSection]
    writes: Sequence[ManagedPeriod]

    def as_dict(self) -> dict[str, Any]:
        """Give it for a machine."""
        return {
            "tokens": [described(each) for each in self.tokens],
            "rules": [each.name for each in self.rules],
            "last_managed_writes": [
                {
                    "environment": each.environment,
                    "resource": each.resource,
                    "who": each.last_writer,
                    "when": each.last_write_at.isoformat(timespec="seconds"),
                }
                for each in self.writes
            ],
        }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("offboard")(offboard)


def offboard(
    name: Annotated[str, typer.Argument(help="Person or system, for example jane.")],
    yes: Annotated[bool, typer.Option("--yes", help="Revoke without asking.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """List what NAME could do here, ask, and revoke its tokens.

    Tokens are its own by name: NAME, or NAME and a dot and more. A rule of the registry that names
    it has to be taken out of the file by a person; until then the exit code is 2.
    """
    registry, _ = load_registry(config)
    rules = [each for each in registry.server.callers if names(each, name)]
    holding = with_store(config, lambda store: _held(store, name, rules))
    if not json:
        _show(name, holding)
    revoked = _revoked(name, holding, config) if holding.tokens and (yes or _sure(json)) else []
    if json:
        say_json(holding.as_dict() | {"name": name, "revoked": revoked})
    if holding.rules or len(revoked) < len(holding.tokens):
        raise Failure(code=DIFFERENT)


def names(rule: CallerSection, who: str) -> bool:
    """Tell whether a rule is for somebody: by its own name, or as a word in one of its claims."""
    word = re.compile(rf"(?<![A-Za-z0-9._-]){re.escape(who)}(?![A-Za-z0-9_-])", re.IGNORECASE)
    return belongs_to(rule.name, who) or any(word.search(each) for each in rule.claims.values())


async def _held(store: Store, name: str, rules: Sequence[CallerSection]) -> Holding:
    tokens = [
        each
        for each in await store.tokens.list()
        if belongs_to(each.name, name) and each.state(datetime.now(UTC)) is not TokenState.REVOKED
    ]
    return Holding(tokens, rules, await store.managed.by(name))


def _show(name: str, holding: Holding) -> None:
    for token in holding.tokens:
        used = token.last_used_at
        last = f"last used {used:%Y-%m-%d %H:%M} UTC" if used else "never used"
        say(f"token {token.name}: {token.scope}, {described(token)['state']}, {last}")
    for rule in holding.rules:
        say(f"rule {rule.name} of the registry file: {rule.scope}, by {rule.issuer}")
    for write in holding.writes:
        when = f"{write.last_write_at:%Y-%m-%d %H:%M} UTC"
        say(f"last write to {write.environment} {write.resource}: {write.last_writer}, {when}")
    if not (holding.tokens or holding.rules or holding.writes):
        say(f"{name} has nothing here.")
    if holding.rules:
        say("Take the rules out of the registry file and restart the service.", error=True)


def _sure(json: bool) -> bool:  # a machine is not asked
    if json:
        return False
    say("Revoke the tokens? Type yes:", error=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    raise Failure("nothing was revoked")


def _revoked(name: str, holding: Holding, config: ConfigOption) -> list[str]:
    async def revoke(store: Store) -> list[str]:
        return [each.name for each in holding.tokens if await store.tokens.revoke(each.name)]

    revoked = with_store(config, revoke)
    say(f"{name}: {len(revoked)} of {len(holding.tokens)} tokens revoked.", error=True)
    return revoked
