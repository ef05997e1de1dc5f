"""What the simulated directories of one environment hold: one client of each, and people."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from imis_sso.simulators.directory.faults import KINDS
from imis_sso.simulators.directory.flavours import ALL
from imis_sso.simulators.openid.server import equal
from imis_sso.simulators.people import PEOPLE
from imis_sso.simulators.product import Product, assign, new_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imis_sso.simulators.openid.keys import SigningKey
    from imis_sso.simulators.people import Person
    from imis_sso.simulators.variant import Variant

_CLIENT: Mapping[str, type] = {"client_id": str, "client_secret": str, "callbacks": list}


@dataclass
class Client:
    """Cloud SSO as one directory knows it."""

    client_id: str
    client_secret: str = field(repr=False)
    callbacks: list[str]


class DirectoryModel(Product):
    """The three directories of one environment; `password` is everybody's in all of them."""

    def __init__(
        self, name: str, base_url: str, variant: Variant, key: SigningKey, return_url: str
    ) -> None:
        super().__init__(variant, KINDS)
        self.name, self.base_url, self.key, self._return_url = name, base_url, key, return_url
        self._password = new_secret()
        self._secrets = {flavour: (secrets.token_hex(10), new_secret()) for flavour in ALL}
        self.seed()
        self.log.reset(self.held())

    def seed(self) -> None:
        """Put back the clients and the password the simulation starts with."""
        self.password = self._password
        self.clients = {
            flavour: Client(*pair, [self._return_url]) for flavour, pair in self._secrets.items()
        }

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return self.base_url + path

    def person(self, flavour: str, email: str, password: str) -> Person | None:
        """Give who logs in, or None where there is no such person or the password is wrong."""
        found = [each for each in PEOPLE if (each.directory, each.email) == (flavour, email)]
        accepted = bool(found) and equal(password, self.password)
        self.counters.count("logins" if accepted else "refused_logins")
        return found[0] if accepted else None

    def held(self) -> dict[str, object]:
        """Give nothing: no request of a client changes a directory."""
        return {}

    def state(self) -> dict[str, object]:
        """Give everything, secrets in clear."""
        clients = {flavour: asdict(client) for flavour, client in self.clients.items()}
        return {"password": self.password, "clients": clients}

    def patch(self, changes: Mapping[str, object]) -> None:
        """Change `password`, or `clients` by flavour; raises ValueError or TypeError."""
        plain: dict[str, Any] = dict(changes)
        for flavour, each in plain.pop("clients", {}).items():
            if flavour not in self.clients:
                message = f"unknown directory {flavour!r}; known: {', '.join(self.clients)}"
                raise ValueError(message)
            assign(self.clients[flavour], each, _CLIENT)
        assign(self, plain, {"password": str})

    def expire_sessions(self) -> None:
        """Do nothing: directories keep no session here, everybody logs in each time."""
