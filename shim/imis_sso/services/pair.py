"""One environment at run time: its two products, its secrets, its policies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from imis_sso.connectors.base import DiscoveryLook, Probes
from imis_sso.domain.checks import Verification
from imis_sso.domain.documents import Document
from imis_sso.domain.mode_age import DAYS
from imis_sso.domain.resources import OPENID_CONNECT, Product, Resource
from imis_sso.domain.trust import Pins
from imis_sso.services.circuit import Circuit
from imis_sso.services.expiry import Expiry
from imis_sso.services.half import Half
from imis_sso.services.journal import Journal
from imis_sso.services.runs import Runs
from imis_sso.services.secrets import Secrets
from imis_sso.store.base import Evidences, Facts, History, Managed

if TYPE_CHECKING:
    from imis_sso.services.doors import Doors
    from imis_sso.services.manual_steps import Steps


@dataclass(frozen=True)
class Policy:
    """What the registry says about writing to an environment (contract C5, C44-C46)."""

    writes_allowed: bool
    on_destroy: str
    pins: Pins
    tenant: Mapping[str, str]
    unread_secret_keeps: bool = False
    unread_directory_secret_keeps: bool = False
    directory_limit: int | None = None
    secret_hosts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    production: bool = False
    strict_preconditions: bool = False
    test_mode_days: int = DAYS
    verifies_edits: bool = True
    require_attestation: bool = False
    rehearsal_required: bool = False

    def keeps_unread(self, product: Product) -> bool:
        """Tell whether a product is known to keep a secret that a write leaves out (3.5)."""
        keeps = {"imis": self.unread_secret_keeps, "cloud-sso": self.unread_directory_secret_keeps}
        return keeps[product]


class Rehearsed(Protocol):
    """Knows which connectors were rehearsed on which version of a product."""

    async def proved(self, connector: str, version: str) -> bool:
        """Tell whether a connector was proved on a version. Raises StoreUnavailable."""


@dataclass
class Recovery:
    """Whether this process has settled what earlier ones left open (contract section 7)."""

    done: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Pair:
    """One environment: iMIS and Cloud SSO.

    Without `probes` nothing is fetched from the provider. `neighbours` are the other environments'
    iMIS addresses, by name; `sign_in_url` is where a person begins to sign in to iMIS. `doors` are
    the ways into each product, as its half uses them.
    """

    name: str
    policy: Policy
    halves: Mapping[Product, Half]
    secrets: Secrets
    managed: Managed
    journal: Journal
    history: History
    evidences: Evidences
    circuits: Mapping[Product, Circuit] = field(default_factory=dict)
    doors: Mapping[Product, Doors] = field(default_factory=dict)
    steps: Steps | None = None
    recovery: Recovery = field(default_factory=Recovery)
    discovery: DiscoveryLook | None = None
    imis_url: str = ""
    sign_in_url: str = ""
    expiry: Expiry = field(default_factory=Expiry)
    probes: Probes | None = None
    neighbours: Mapping[str, str] = field(default_factory=dict)
    facts: Facts | None = None
    runs: Runs[Verification] = field(default_factory=Runs)
    rehearsals: Rehearsed | None = None

    def half(self, resource: Resource) -> Half:
        """Give the product that a resource belongs to."""
        return self.halves[resource.product]

    def pins(self, resource: Resource, wanted: Document) -> Pins:
        """Give the pins of a document: a directory's are those of its secret (contract C45).

        Where none is named, they are those of every secret that may go into the document.
        """
        keys = resource.document.secret
        if not resource.record.item or keys is None:
            return self.policy.pins
        ref = str(getattr(wanted, keys.ref, ""))
        names = (ref,) if ref else self.secrets.names(resource)
        lists = [
            self.policy.secret_hosts[each] for each in names if each in self.policy.secret_hosts
        ]
        hosts = frozenset[str]().union(*lists) if lists else None
        key = f"secrets.{ref or 'NAME'}.hosts"
        return replace(self.policy.pins, directory=hosts, directory_key=key)

    async def live_mode(self) -> str:
        """Read the mode that iMIS is in now; `disabled` where it has no record."""
        observed = await self.half(OPENID_CONNECT).observe(OPENID_CONNECT)
        return str(observed.values.get("mode", "disabled"))

    async def aclose(self) -> None:
        """Close both connectors, and the connections to the provider."""
        for half in self.halves.values():
            await half.aclose()
        if self.probes is not None:
            await self.probes.aclose()
