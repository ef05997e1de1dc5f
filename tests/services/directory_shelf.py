"""Directories kept in memory, as a connector finds and writes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pair_bench import PairBench

from imis_sso.domain.bindings import Binding, Entry
from imis_sso.domain.documents import Directory, Registration
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.resources import DIRECTORIES, Resource
from imis_sso.domain.secret import ObservedSecret, Secret, Unreadable
from imis_sso.services.bindings import Bindings
from imis_sso.services.half import Half

STAFF = DIRECTORIES.item("staff")
HOST = "id.example.org"
DECLARED: dict[str, Any] = {
    "authorization_url": f"https://{HOST}/authorize",
    "client_id": "c",
    "client_secret_ref": "staff-secret",
    "issuer": f"https://{HOST}",
    "name": "Staff",
    "token_url": f"https://{HOST}/token",
    "userinfo_url": f"https://{HOST}/userinfo",
}


class Died(BaseException):
    """The process ended here."""


@dataclass
class Record:
    """One directory, and its secret."""

    values: dict[str, str | bool]
    secret: str = ""


@dataclass
class Shelf:
    """A connector to directories in memory; `after` and `before` run around a write."""

    records: dict[str, Record] = field(default_factory=dict)
    shows: bool = True
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    name: str = "shelf"
    write_seconds: float = 0.2
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def reach(self) -> Reach:
        """Everything of a directory."""
        fields = {*Directory.defaults(), *Registration.defaults()}
        return Reach({DIRECTORIES.name: frozenset(fields)})

    async def read(self, resource: Resource) -> Observed:
        """Read the list, or the record that the binding leads to."""
        if not resource.record.item:
            entries = [Entry(key, str(each.values["name"])) for key, each in self.records.items()]
            return Observed({}, entries=tuple(entries))
        key = self._find(resource.record.binding or Binding())
        if key is None:
            return Observed({}, exists=False)
        record = self.records[key]
        secret: ObservedSecret = Secret(record.secret) if self.shows else Unreadable.MASKED
        entry = Entry(key, str(record.values["name"]))
        values = record.values | {"return_url": f"https://sso.example.org/{key}"}
        return Observed(values, secret, key, entries=(entry,))

    def _find(self, binding: Binding) -> str | None:
        if binding.record in self.records:
            return binding.record
        for key, each in self.records.items():
            if (each.values["issuer"], each.values["client_id"]) == (
                binding.issuer,
                binding.client_id,
            ):
                return key
        return None

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Make, change or delete a record."""
        del resource
        self.before()
        if change.removes:
            del self.records[str(base.raw)]
        elif base.exists:
            record = self.records[str(base.raw)]
            record.values |= change.values
            record.secret = change.secret.reveal() if change.secret else record.secret
        else:
            secret = change.secret.reveal() if change.secret else ""
            self.records[f"r{next(self.numbers)}"] = Record(dict(change.values), secret)
        self.after()

    async def tenant(self) -> Mapping[str, str]:
        """Nothing is told."""
        return {}

    async def prove_login(self) -> None:
        """Nothing is to be proved."""

    async def findings(self) -> Sequence[Finding]:
        """Nothing is known."""
        return ()

    async def aclose(self) -> None:
        """Nothing is open."""


def shelved(bench: PairBench, shelf: Shelf) -> Bindings:
    """Put directories behind the bench's pair, with a secret for `staff`; as after a start."""
    bench.source("staff-secret", "s3cr3t", STAFF.path)
    pair = bench.with_policy(secret_hosts={"staff-secret": frozenset({HOST})})
    bindings = Bindings(bench.environment, bench.store.facts)
    pair.halves["cloud-sso"] = Half("cloud-sso", shelf, bindings=bindings)  # type: ignore[index]
    return bindings
