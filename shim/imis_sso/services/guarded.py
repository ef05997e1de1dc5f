"""A connector behind a circuit, and what passes it all the same (contract 1.2, section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from imis_sso.connectors.base import Connector
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.resources import PRODUCT_TITLES, Product, Resource
from imis_sso.services import writers
from imis_sso.services.circuit import Circuit, Patience
from imis_sso.services.gates import may_lower
from imis_sso.services.order import Order

# It goes with the task that serves an order, and with the reads which that task begins.
_urgent: Final = ContextVar("urgent", default=False)
written_through: Final[ContextVar[tuple[str, str] | None]] = ContextVar("written", default=None)
"""Product and door that this order was written through: it is read back through one that looks."""


@contextmanager
def passed_by(order: Order) -> Iterator[None]:
    """Let an order that can only lower the mode, or leave it, pass an open circuit (1.2)."""
    before = _urgent.set(may_lower(order) and not order.dry_run)
    nothing = written_through.set(None)
    try:
        yield
    finally:
        _urgent.reset(before)
        written_through.reset(nothing)


def is_urgent() -> bool:
    """Tell whether this task serves an order that nothing may stop."""
    return _urgent.get()


class Guarded:
    """A connector behind a circuit (see the protocol `Connector`)."""

    def __init__(self, connector: Connector, circuit: Circuit) -> None:
        self._connector, self.circuit = connector, circuit

    @property
    def name(self) -> str:
        """Name of the connector."""
        return self._connector.name

    @property
    def reach(self) -> Reach:
        """Reach of the connector."""
        return self._connector.reach

    @property
    def write_seconds(self) -> float:
        """Seconds that a write with its read-back may take at the most."""
        return self._connector.write_seconds

    async def read(self, resource: Resource) -> Observed:
        """Read through the circuit."""
        with self.circuit.passing(urgent=_urgent.get()):
            return await self._connector.read(resource)

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Write through the circuit; whatever comes of it, the order may then read back.

        Raises `ConnectorUnproven` where this connector was not looked at for the write.
        """
        writers.require(self.name)
        with self.circuit.passing(urgent=_urgent.get()):
            _urgent.set(True)
            await self._connector.write(resource, change, base)

    async def tenant(self) -> Mapping[str, str]:
        """Tell the tenant: mostly without asking, and in a write only after a read."""
        return await self._connector.tenant()

    async def prove_login(self) -> None:
        """Log in afresh, whatever the circuit says: raising the mode depends on it."""
        await self._connector.prove_login()

    async def findings(self) -> Sequence[Finding]:
        """Ask whatever the circuit says: a person wants to know."""
        return await self._connector.findings()

    async def aclose(self) -> None:
        """Close the connector."""
        await self._connector.aclose()


def guarded(product: Product, connector: Connector, patience: Patience) -> Guarded:
    """Put a product's connector behind a circuit of its own."""
    return Guarded(connector, Circuit(PRODUCT_TITLES[product], patience))
