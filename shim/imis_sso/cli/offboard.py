"""`imis-sso offboard`: what a person or system could do here, and its end (contract C40)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json
from imis_sso.cli.login import forget_log_in, kept_logins
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, JsonOption, load_registry
from imis_sso.cli.token import described, with_store
from imis_sso.domain.access import TokenState, belongs_to
from imis_sso.domain.resources import PRODUCT_TITLES, Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imis_sso.domain.access import TokenRecord
    from imis_sso.domain.kept_login import LoginFacts
    from imis_sso.domain.ledger import ManagedPeriod
    from imis_sso.environments import CallerSection
    from imis_sso.store.base import Store


@dataclass(frozen=True)
class HeldLogin:
    """A log-in that somebody made for the service."""

    environment: str
    product: Product
    facts: LoginFacts

    def as_dict(self) -> dict[str, Any]:
        """Give it for a machine."""
        since = self.facts.since.isoformat(timespec="seconds")
        return {"environment": self.environment, "product": self.product, "since": since}


@dataclass(frozen=True)
class Holding:
    """What somebody has: tokens that are not revoked, log-ins, rules for them, last writes."""

    tokens: Sequence[TokenRecord]
    rules: Sequence[CallerSection]
    writes: Sequence[ManagedPeriod]
    logins: Sequence[HeldLogin] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give it for a machine."""
        return {
            "tokens": [described(each) for each in self.tokens],
            "log_ins": [each.as_dict() for each in self.logins],
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
    """List what NAME could do here, ask, revoke its tokens and forget its log-ins.

    Tokens are its own by name: NAME, or NAME and a dot and more. A rule of the registry that names
    it has to be taken out of the file by a person; until then the exit code is 2.
    """
    registry, _ = load_registry(config)
    rules = [each for each in registry.server.callers if names(each, name)]
    logins = held_logins(config, registry.environments, name)
    holding = replace(with_store(config, lambda store: _held(store, name, rules)), logins=logins)
    if not json:
        _show(name, holding)
    has_any = bool(holding.tokens or holding.logins)
    sure = has_any and (yes or _sure(holding, json))
    revoked = _revoked(name, holding, config) if holding.tokens and sure else []
    forgotten = _forgotten(name, holding, config) if holding.logins and sure else 0
    if json:
        ended = {"revoked": revoked, "log_ins_forgotten": forgotten}
        say_json(holding.as_dict() | {"name": name} | ended)
    left = len(holding.tokens) - len(revoked) + len(holding.logins) - forgotten
    if holding.rules or left:
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
    for login in holding.logins:
        since = f"{login.facts.since:%Y-%m-%d %H:%M} UTC"
        say(f"log-in at {PRODUCT_TITLES[login.product]} of {login.environment}: since {since}")
    for rule in holding.rules:
        say(f"rule {rule.name} of the registry file: {rule.scope}, by {rule.issuer}")
    for write in holding.writes:
        when = f"{write.last_write_at:%Y-%m-%d %H:%M} UTC"
        say(f"last write to {write.environment} {write.resource}: {write.last_writer}, {when}")
    if not (holding.tokens or holding.rules or holding.writes or holding.logins):
        say(f"{name} has nothing here.")
    if holding.rules:
        say("Take the rules out of the registry file and restart the service.", error=True)


def _sure(holding: Holding, json: bool) -> bool:  # a machine is not asked
    if json:
        return False
    what = ["revoke the tokens"] if holding.tokens else []
    what += ["forget the log-ins"] if holding.logins else []
    say(f"{' and '.join(what).capitalize()}? Type yes:", error=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    raise Failure("nothing was revoked")


def held_logins(config: ConfigOption, environments: Iterable[str], name: str) -> list[HeldLogin]:
    """Give the log-ins that somebody made for the service."""

    async def held(store: Store) -> list[HeldLogin]:
        found = []
        for environment in environments:
            for product, kept in kept_logins(config, store, environment).items():
                about = await kept.about()
                if about is not None and belongs_to(about[0].who, name):
                    found.append(HeldLogin(environment, product, about[0]))
        return found

    return with_store(config, held)


def _forgotten(name: str, holding: Holding, config: ConfigOption) -> int:
    async def forget(store: Store) -> int:
        done = [
            await forget_log_in(
                store, each.environment, kept_logins(config, store, each.environment)[each.product]
            )
            for each in holding.logins
        ]
        return sum(done)

    forgotten = with_store(config, forget)
    say(f"{name}: {forgotten} of {len(holding.logins)} log-ins forgotten.", error=True)
    say("End the sessions at the products, too, and change what passwords are known.", error=True)
    return forgotten


def _revoked(name: str, holding: Holding, config: ConfigOption) -> list[str]:
    async def revoke(store: Store) -> list[str]:
        return [each.name for each in holding.tokens if await store.tokens.revoke(each.name)]

    revoked = with_store(config, revoke)
    say(f"{name}: {len(revoked)} of {len(holding.tokens)} tokens revoked.", error=True)
    return revoked
