"""What a person copies from a directory into Cloud SSO's form (product facts 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imis_sso.simulators.cloud_sso.directories import Directory
from imis_sso.simulators.directory.flavours import ALL

if TYPE_CHECKING:
    from imis_sso.simulators.directory.flavours import Flavour
    from imis_sso.simulators.directory.model import DirectoryModel


def connected(model: DirectoryModel) -> dict[str, Directory]:
    """Give Cloud SSO's records of the directories, by flavour."""
    return {
        flavour.name: _record(model, flavour, number)
        for number, flavour in enumerate(ALL.values(), start=1)
    }


def _record(model: DirectoryModel, flavour: Flavour, number: int) -> Directory:
    client = model.clients[flavour.name]
    record = Directory(
        number=number,
        name=flavour.title,
        discovery_domain=model.url(flavour.discovery),
        authorization_url=model.url(flavour.authorize),
        token_url=model.url(flavour.token),
        userinfo_url=model.url(flavour.userinfo),
        issuer=model.url(flavour.issuer),
        client_id=client.client_id,
        client_secret=client.client_secret,
        claims=flavour.mapping,
    )
    return record.changed(flavour.switches)
