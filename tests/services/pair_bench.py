"""A pair in front of two products that are kept in memory, with a real store behind it.

The connector here stands in for a product, as a simulator does, so that a test can have it lose an
answer, hide its secret or be changed by a person at exactly one moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from imis_sso.connectors.base import Probes
from imis_sso.domain.documents import ImisClient, ImisSsoSettings, OidcAuthentication, OpenIDConnect
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.ledger import AppliedSecret
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import Problem, SecretUnavailable
from imis_sso.domain.resources import (
    IMIS_SSO_PAGE,
    OPENID_CONNECT,
    OPENID_PROVIDER,
    Record,
    Resource,
)
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.domain.trust import Pins
from imis_sso.services.deadline import Deadline
from imis_sso.services.half import Half
from imis_sso.services.journal import Journal
from imis_sso.services.order import Order, Outcome
from imis_sso.services.pair import Pair, Policy
from imis_sso.services.read import Reading, read
from imis_sso.services.secrets import Secrets
from imis_sso.services.write import write
from imis_sso.store.base import Store

TIGHT = 1.2
"""Seconds of a deadline that a test waits for: enough for what comes before, on a slow machine."""
KEY = FingerprintKey(b"k" * 32)
BUILT_IN = "cloud-sso-imis-client"
REF, VERSION = "client_secret_ref", "client_secret_version"
PINS = Pins(frozenset({"sso.example.org"}), frozenset({"members.example.org"}))
AGREEING: dict[str, str | bool] = {
    "authority_url": "https://sso.example.org",
    "client_id": "3f1c",
    "redirect_login_url": "https://members.example.org/",
    "well_known_url": "https://sso.example.org/.well-known/openid-configuration",
}
SHOWN: dict[str, str | bool] = {
    "client_id": "3f1c",
    "discovery_url": "https://sso.example.org/.well-known/openid-configuration",
    "issuer": "https://sso.example.org",
    "redirect_url": "https://members.example.org/",
}
Shows = Literal["clear", "masked", "absent"]
EVERY_KIND: tuple[Shows, ...] = ("clear", "masked", "absent")
HIDING: tuple[Shows, ...] = ("masked", "absent")
Hook = Callable[[], Awaitable[None] | None]
_numbers = itertools.count()


@dataclass
class Product:
    """A product with one record: what it holds, and how it shows its secret."""

    values: dict[str, str | bool]
    secret: str = ""
    shows: Shows = "clear"
    exists: bool = True
    keeps_unsent_secret: bool = False

    def show(self) -> Observed:
        """Give the record as the product shows it."""
        if not self.exists:
            return Observed({}, exists=False)
        hidden = Unreadable.MASKED if self.shows == "masked" else Unreadable.ABSENT
        readable = self.shows == "clear" and self.secret
        return Observed(
            dict(self.values), Secret(self.secret) if readable else hidden, dict(self.values)
        )

    def replace(self, values: Mapping[str, str | bool], secret: str | None) -> None:
        """Take a whole record, as iMIS does: what is not sent is gone."""
        self.exists = True
        self.values = dict(values)
        if secret is not None or not self.keeps_unsent_secret:
            self.secret = secret or ""


class MemoryConnector:
    """A connector to a product in memory; `calls` lists what reached the product.

    `before` runs hooks before the n-th call of a kind, for example `before["read", 2]`; `writing`
    replaces what a write does.
    """

    name = "memory"

    def __init__(self, record: Record, product: Product, fields: frozenset[str]) -> None:
        self.product = product
        self.reach = Reach({record.name: fields})
        self.write_seconds = 0.2
        self.calls: list[str] = []
        self.before: dict[tuple[str, int], Hook] = {}
        self.writing: Callable[[Change, Observed], Awaitable[None] | None] = self.take
        self.tells: dict[str, str] = {}
        self.changes: list[Change] = []
        self.closed = False

    async def read(self, resource: Resource) -> Observed:
        """Read the record; what the product holds at the end of it is what is seen."""
        assert resource.record.name in self.reach.fields
        await self._call("read")
        return self.product.show()

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Merge a change onto its base and send the whole record."""
        assert resource.record.name in self.reach.fields
        self.changes.append(change)
        await self._call("write")
        await _done(self.writing(change, base))

    def take(self, change: Change, base: Observed) -> None:
        """Have the product take a write: whatever was not read or changed is lost."""
        record = base.raw if isinstance(base.raw, dict) else _new_record()
        secret = change.secret or (base.secret if isinstance(base.secret, Secret) else None)
        self.product.replace(record | dict(change.values), secret.reveal() if secret else None)

    async def tenant(self) -> Mapping[str, str]:
        """Tell the tenant."""
        await self._call("tenant")
        return self.tells

    async def prove_login(self) -> None:
        """Log in afresh."""
        await self._call("login")

    async def findings(self) -> Sequence[Finding]:
        """Nothing is known."""
        return ()

    async def aclose(self) -> None:
        """Note that the connector was closed."""
        self.closed = True

    def count(self, kind: str) -> int:
        """Give how often the product was called in one way."""
        return self.calls.count(kind)

    async def _call(self, kind: str) -> None:
        self.calls.append(kind)
        hook = self.before.get((kind, self.count(kind)))
        if hook is not None:
            await _done(hook())


async def _done(result: Awaitable[None] | None) -> None:
    if result is not None:
        await result


def _new_record() -> dict[str, str | bool]:
    return OpenIDConnect.defaults() | {"mode": "disabled"}


def raising(problem: BaseException) -> Callable[..., None]:
    """Give a hook that raises."""

    def hook(*_: object) -> None:
        raise problem

    return hook


IMIS_FIELDS = frozenset(OpenIDConnect.defaults()) | frozenset(OidcAuthentication.defaults())
CLOUD_FIELDS = frozenset(ImisClient.defaults()) | frozenset(ImisSsoSettings.defaults())


@dataclass
class PairBench:
    """A pair, its two products, and shorthands for what tests do."""

    store: Store
    environment: str = field(default_factory=lambda: f"env{next(_numbers)}")
    sources: dict[str, str | Problem] = field(default_factory=dict)
    takers: dict[str, frozenset[str]] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)
    key: FingerprintKey = KEY
    provider: Probes | None = None

    def __post_init__(self) -> None:
        imis = _new_record() | AGREEING
        self.imis = MemoryConnector(OPENID_PROVIDER, Product(imis, "cloud"), IMIS_FIELDS)
        self.cloud = MemoryConnector(IMIS_SSO_PAGE, Product(dict(SHOWN), "cloud"), CLOUD_FIELDS)
        self.pair = self.with_policy()

    def with_policy(self, **policy: Any) -> Pair:
        """Give the pair under another policy; it becomes the bench's own."""
        plain: dict[str, Any] = {"writes_allowed": True, "on_destroy": "retain", "pins": PINS}
        halves = {"imis": Half("imis", self.imis), "cloud-sso": Half("cloud-sso", self.cloud)}
        secrets = Secrets(
            self.environment,
            self.key,
            self.store.applied_secrets,
            sources=self.takers,
            resolve=self._resolve,
            cloud_sso=halves["cloud-sso"],
        )
        policies = Policy(**(plain | {"tenant": {}} | policy))
        journal = Journal(self.environment, self.store.trail, self.store.spool, self.store.holds)
        more = (self.store.managed, journal, self.store.history, self.store.evidences)
        self.pair = Pair(
            self.environment,
            policies,
            halves,  # type: ignore[arg-type]
            secrets,
            *more,
            probes=self.provider,
        )
        return self.pair

    async def _resolve(self, name: str) -> Secret:
        self.resolved.append(name)
        found = self.sources[name]
        if isinstance(found, Problem):
            raise found
        return Secret(found)

    def source(self, name: str, secret: str | Problem, resource: str = OPENID_CONNECT.path) -> None:
        """Define a named secret for a document."""
        self.sources[name] = secret
        self.takers[name] = frozenset({resource})

    def broken(self, name: str) -> None:
        """Define a named secret whose source does not answer."""
        self.source(name, SecretUnavailable(f"{name} cannot be had."))

    def version(self, secret: str) -> str:
        """Give the version of a secret in this environment."""
        return self.key.version(self.environment, Secret(secret))

    def rotate(self, key: FingerprintKey) -> None:
        """Go on with another server key, as after a restart."""
        self.key = key
        self.with_policy()

    async def record(self, ref: str, secret: str) -> None:
        """Record a secret as a write does."""
        applied = AppliedSecret(ref, self.version(secret))
        await self.store.applied_secrets.put(self.environment, OPENID_CONNECT.path, applied)

    async def recorded(self) -> AppliedSecret | None:
        """Give what is recorded."""
        return await self.store.applied_secrets.get(self.environment, OPENID_CONNECT.path)

    async def trail(self) -> list[dict[str, Any]]:
        """Give the lines of the audit trail."""
        return [each.as_dict() for each in await self.store.trail.lines(self.environment)]

    async def facts(self, kind: str, fact: str) -> list[Any]:
        """Give one fact of every line of a kind, None where a line has none."""
        return [each["facts"].get(fact) for each in await self.trail() if each["kind"] == kind]

    async def managed(self, resource: Resource) -> bool:
        """Tell whether a resource is being managed."""
        return await self.store.managed.current(self.environment, resource.path) is not None

    def order(self, resource: Resource, declared: Mapping[str, Any], **more: Any) -> Order:
        """Give an order of the caller `ci`, with a deadline that leaves time enough."""
        inline = more.pop("inline", None)
        plain = {"who": "ci", "deadline": Deadline(20.0)} | more
        return Order(resource, declared, inline=Secret(inline) if inline else None, **plain)

    async def put(self, resource: Resource, declared: Mapping[str, Any], **more: Any) -> Outcome:
        """Write a document."""
        return await write(self.pair, self.order(resource, declared, **more))

    async def get(self, resource: Resource = OPENID_CONNECT) -> Reading:
        """Read a document."""
        return await read(self.pair, resource)

    async def shown(self) -> tuple[str, str]:
        """Give reference and version as a GET shows them."""
        shown = (await self.get()).shown
        return shown.ref, shown.version


def held(bench: PairBench, secret: str, shows: Shows) -> None:
    """Have iMIS hold a secret and show it in one way."""
    bench.imis.product.secret = secret
    bench.imis.product.shows = shows


def with_names(bench: PairBench) -> PairBench:
    """Name secrets: two of our own, one twice, one for elsewhere, one that does not answer."""
    bench.source("a", "secret-a")
    bench.source("a-again", "secret-a")
    bench.source("b", "secret-b")
    bench.source("elsewhere", "secret-a", "cloud-sso/directories/staff")
    bench.broken("broken")
    return bench


def mode_is(bench: PairBench, mode: str) -> None:
    bench.imis.product.values["mode"] = mode
