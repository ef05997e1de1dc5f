"""Two `imis-sso serve` processes with one registry on one PostgreSQL database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from service_bench import registry_document
from service_process import Running, running

from imis_sso.domain.access import Scope
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.ledger import AppliedSecret
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.domain.secret import Secret
from imis_sso.simulators import ImisModel, Simulation
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.postgresql import Server
from imis_sso.store.signing import AUDIT_KEY_FILE

KEY_FILE = "fingerprint.key"
DOCUMENT = "/v1/environments/test/imis/openid-connect"


@dataclass(frozen=True)
class Place:
    """A folder with the keys that replicas share, and a database with a token."""

    folder: Path
    url: str
    token: str

    @classmethod
    def prepared(cls, folder: Path, url: str, simulation: Simulation) -> Place:
        """Make keys and token, and put iMIS's secret on record.

        So no name has to be found for it at Cloud SSO, which needs a browser.
        """
        key = secrets.token_hex(32)
        (folder / KEY_FILE).write_text(f"{key}\n")
        (folder / KEY_FILE).chmod(0o600)
        held = Secret(str(simulation.imis("test").record["ClientSecret"]))
        version = FingerprintKey(key.encode()).version("test", held)
        return cls(folder, url, asyncio.run(_fill(folder, url, version)))


async def _fill(folder: Path, url: str, version: str) -> str:
    store = await open_store(folder, server=Server(url))  # makes the audit key, too
    await store.applied_secrets.put("test", OPENID_CONNECT.path, AppliedSecret("", version))
    token = await store.tokens.create("ci", Scope.ADMIN)
    await store.aclose()
    return token


@dataclass(frozen=True)
class Replicas:
    """The two processes, the simulated iMIS, and what they share."""

    first: Running
    second: Running
    imis: ImisModel
    place: Place

    def put(self, to: Running, body: dict[str, Any], **headers: str) -> Any:
        """Write the document through one of them."""
        given = {"headers": {"Authorization": f"Bearer {self.place.token}"} | headers}
        return to.send("PUT", DOCUMENT, json=body, **given)

    async def store(self) -> SqlStore:
        """Open the store that they share."""
        return await open_store(self.place.folder, server=Server(self.place.url))


@contextmanager
def replicas(simulation: Simulation, place: Place, **imis: str) -> Iterator[Replicas]:
    """Run both; `imis` is laid over the iMIS half of the environment `test`."""
    document = registry_document(simulation, place.folder)
    document["environments"]["test"]["imis"] |= imis
    document["server"] = {
        "port": 0,
        "database_url": place.url,
        "fingerprint_key_file": KEY_FILE,
        "audit_key_file": AUDIT_KEY_FILE,
    }
    with ExitStack() as stack:
        both = []
        for name in ("first", "second"):
            folder = place.folder / name
            folder.mkdir()
            document["server"]["data_dir"] = str(folder / "data")
            file = place.folder / f"{name}.yaml"
            file.write_text(yaml.safe_dump(document))
            both.append(stack.enter_context(running(folder, "serve", "-c", str(file))))
        yield Replicas(both[0], both[1], simulation.imis("test"), place)
