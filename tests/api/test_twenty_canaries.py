"""S1: twenty secrets of every kind in play at once, and not one in anything the service says or keeps."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import leak_scan
import pytest
from api_answers import Another
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench
from starlette.routing import Route

from imis_sso.connectors.imis_rest.connector import ImisRest
from imis_sso.domain.access import Scope
from imis_sso.simulators import Simulation
from imis_sso.simulators.faults import Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PASSWORDS = [
    f"{product} password in {env}" for env in ("test", "prod") for product in ("imis", "cloud sso")
]
CLIENT_SECRETS = [
    f"client secret of {env}, {side}" for env in ("test", "prod") for side in ("imis", "cloud sso")
]
NAMED = [f"named {kind} {number}" for kind in ("env", "file") for number in (1, 2)]
INLINE = [f"inline {number}" for number in range(6)]
ROTATED = ["rotated 1", "rotated 2"]
CANARIES = [
    leak_scan.canary(name) for name in PASSWORDS + CLIENT_SECRETS + NAMED + INLINE + ROTATED
]
HASHED = leak_scan.hashes(CANARIES)


def plant_in_products(simulation: Simulation) -> None:
    planted = iter(CANARIES)
    products = [(simulation.imis(name), simulation.cloud_sso(name)) for name in ("test", "prod")]
    for each in [half for pair in products for half in pair]:
        each.patch({"password": next(planted)})
    for imis, cloud_sso in products:
        imis.change(ClientSecret=next(planted))
        cloud_sso.patch({"client_secret": next(planted)})


def plant_named(place: Path, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give the registry's `secrets:`; a file's name says that it holds one on purpose."""
    sources = {}
    for name in NAMED:
        key = name.replace(" ", "-")
        if "env" in name:
            patch.setenv(key.upper().replace("-", "_"), leak_scan.canary(name))
            sources[key] = f"env:{key.upper().replace('-', '_')}"
        else:
            (place / f"{key}-imis").write_text(leak_scan.canary(name), "utf-8")
            sources[key] = f"file:{place / f'{key}-imis'}"
    return {
        key: {"source": source, "for": ["imis/openid-connect"]} for key, source in sources.items()
    }


def every_get(bench: Bench) -> Iterator[str]:
    """Give an address of every route that can be read, so that a new route is asked, too."""
    known = {"env": "test", "name": "named-env-1", "slug": "not-found"}
    for route in bench.app.routes:
        if isinstance(route, Route) and "GET" in (route.methods or ()):
            yield re.sub(r"\{(\w+)[^}]*\}", lambda found: known.get(found[1], "one"), route.path)


class Day:
    """What is done with the service, and all that was answered."""

    def __init__(self, bench: Bench, token: str) -> None:
        self.bench, self.told = bench, ""
        self._client = bench.anybody({"Authorization": f"Bearer {token}"})

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = await self._client.request(method, path, json=body)
        self.told += f"{answer.status_code} {dict(answer.headers)} {answer.text}\n"
        return answer

    async def read_everything(self) -> None:
        for path in every_get(self.bench):
            await self.send("GET", path)
            await self.send("GET", f"{path}?include=meta")

    async def use_every_named_secret(self) -> None:
        for name in self.bench.service.pairs["test"].secrets.names():
            version = (await self.send("GET", f"{BASE}/secrets/{name}")).json()["version"]
            body = {"client_secret_ref": name, "client_secret_version": version}
            answer = await self.send("PUT", OPENID_CONNECT, body)
            assert answer.status_code == 200, answer.text

    async def send_inline(self, canary: str) -> None:
        for path, body in (
            (f"{OPENID_CONNECT}?dry_run=true&include=meta", {"client_secret": canary}),
            (OPENID_CONNECT, {"client_secret": canary, "client_secret_ref": "named-env-1"}),
            (OPENID_CONNECT, {"client_secret": [canary]}),
            (OPENID_CONNECT, {"client_secret": f" {canary}"}),
            (OPENID_CONNECT, {"nmae": canary, "client_secret": canary}),
            (MODE, {"client_secret": canary}),
            (REDIRECT, {"client_secret": canary}),
            (OPENID_CONNECT, {"client_secret": canary}),
        ):
            await self.send("PUT", path, body)
        assert self.bench.imis.record["ClientSecret"] == canary

    async def fail_in_every_way(self, canary: str, patch: pytest.MonkeyPatch) -> None:
        """The product repeats what it was sent; then the service itself breaks on the way."""
        echo = {"status": 400, "echo": True, "body": "Refused: "}
        self.bench.imis.faults.add(Fault("status", {"role": "write"}, times=None, params=echo))
        answer = await self.send("PUT", OPENID_CONNECT, {"client_secret": canary})
        assert answer.status_code == 424, answer.text
        self.bench.imis.faults.clear()

        def break_down(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        patch.setattr(ImisRest, "write", break_down)
        answer = await self.send("PUT", OPENID_CONNECT, {"client_secret": canary})
        assert answer.status_code == 500, answer.text
        patch.undo()

    async def rotate(self, canary: str) -> None:
        self.bench.cloud_sso.patch({"client_secret": canary})
        for path in (CLIENT, f"{BASE}/verification", f"{BASE}/status"):
            await self.send("GET", path)


async def test_no_canary_in_anything_said_logged_printed_or_kept(
    another: Another,
    fresh: Simulation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Answers with their headers, logs of every library at every level, traceback, database."""
    assert len(CANARIES) == len(set(CANARIES)) == 20
    caplog.set_level(logging.DEBUG)
    plant_in_products(fresh)
    named = plant_named(tmp_path, monkeypatch)
    async with another({"secrets": named}) as bench:
        bench.imis.change_variant({"imis_errors": "echo"})
        day = Day(bench, bench.service.store.tokens.ephemeral("canary", Scope.ADMIN))
        await day.read_everything()
        await day.use_every_named_secret()
        for name in INLINE:
            await day.send_inline(leak_scan.canary(name))
        with pytest.MonkeyPatch.context() as patch:
            await day.fail_in_every_way(leak_scan.canary("inline 6"), patch)
        for name in ROTATED:
            await day.rotate(leak_scan.canary(name))
        await day.read_everything()
        kept = leak_scan.leaks(bench.service.settings.data_dir, HASHED)
    printed = "".join(capfd.readouterr())
    assert "Traceback" in caplog.text
    assert len(caplog.records) > 300
    for said in (day.told, caplog.text, printed):
        assert leak_scan.found_in(said.encode(), HASHED) is None
    assert kept == []
