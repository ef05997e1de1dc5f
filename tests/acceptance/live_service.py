"""`imis-sso serve --simulate` as a process of its own, and its products' control API."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from service_process import leaks_of_simulation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Record = dict[str, Any]
_START_SECONDS = 90
_STOP_SECONDS = 60


class Product:
    """One simulated product: what a person could do at its console, and what it was asked."""

    def __init__(self, url: str, trust: ssl.SSLContext) -> None:
        self.url = url
        self._http = httpx.Client(base_url=f"{url}/_control/", verify=trust, timeout=30)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def state(self) -> Record:
        """Give everything it holds, secrets in clear."""
        return self._call("GET", "state")

    def change(self, **values: Any) -> None:
        """Change it behind the service's back."""
        self._call("PATCH", "state", json=values)

    def vary(self, **choices: Any) -> None:
        """Choose among the behaviours that nobody has documented, for both products."""
        self._call("PATCH", "variant", json=choices)

    def counters(self) -> Record:
        """Give the counts since the last reset."""
        return self._call("GET", "counters")

    def break_down(self, kind: str, **more: Any) -> None:
        """Order a fault, until it is mended."""
        self._call("PUT", "faults", json=[{"kind": kind, "times": None} | more])

    def mend(self) -> None:
        """Remove every fault."""
        self._call("DELETE", "faults")

    def act(self, name: str, **parameters: str) -> Any:
        """Do one of the control API's actions, such as ``rotate-secret``."""
        return self._call("POST", name, params=parameters)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        answer = self._http.request(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@dataclass
class Pair:
    """One simulated environment, seen from behind."""

    name: str
    imis: Product
    cloud_sso: Product
    hides_the_secret: bool = False
    untouched: Record = field(init=False)

    def __post_init__(self) -> None:
        self.untouched = self.snapshot()

    @property
    def root(self) -> str:
        """The environment's place in the API."""
        return f"/v1/environments/{self.name}"

    @property
    def redirect_url(self) -> str:
        """The iMIS base address, as both halves must hold it."""
        return f"{self.imis.url}/"

    @property
    def record(self) -> Record:
        """The raw iMIS record, as its database has it."""
        record: Record = self.imis.state()["record"]
        return record

    def snapshot(self) -> Record:
        """Give what both products hold: what must not change unless it is meant to."""
        shown = self.cloud_sso.state()
        names = ("client_id", "client_secret", "discovery_url", "issuer", "redirect_url")
        kept = {name: shown[name] for name in names}
        return {"records": self.imis.state()["records"], "cloud_sso": kept}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put back what a snapshot holds, and count anew."""
        self.imis.change(records=snapshot["records"])
        self.cloud_sso.change(**snapshot["cloud_sso"])
        self.count_anew()

    def start_anew(self) -> None:
        """Go back to the half-finished pair of the beginning; whoever is logged in stays so."""
        for product in self.products:
            product.mend()
        self.restore(self.untouched)
        if self.hides_the_secret:
            # What was pushed for the test before is what is known of it: it must be another one.
            self.cloud_sso.act("rotate-secret")

    def log_everybody_out(self) -> None:
        """Go back to the beginning, sessions included."""
        for product in self.products:
            product.act("reset", state="true")

    def count_anew(self) -> None:
        """Set every counter to 0."""
        for product in self.products:
            product.act("reset")

    def stored(self) -> int:
        """Give how often anything was stored in either product since the last reset."""
        return sum(product.counters()["stored"] for product in self.products)

    @property
    def products(self) -> tuple[Product, Product]:
        """Both halves."""
        return self.imis, self.cloud_sso


@dataclass
class LiveService:
    """A running service: where it is, who may call it, and the products behind it."""

    ready: Record
    log: Path
    pairs: dict[str, Pair] = field(default_factory=dict)
    imis_connector: str = "imis_rest"

    @property
    def hides_the_secret(self) -> bool:
        """Whether iMIS shows a mask in place of its secret, as the simulated Staff site does."""
        return self.imis_connector == "imis_staff_site"

    @property
    def variables(self) -> dict[str, str]:
        """Give what every configuration needs from the environment."""
        return {
            "TF_VAR_imis_sso_url": self.ready["base_url"],
            "TF_VAR_imis_sso_token": self.ready["token"],
        }

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call the API as `curl` would."""
        headers = {"Authorization": f"Bearer {self.ready['token']}"}
        url = self.ready["base_url"] + path
        return httpx.request(method, url, headers=headers, timeout=60, **more)

    def read(self, path: str) -> Any:
        """Read a document."""
        answer = self.call("GET", path)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()


@contextmanager
def serving(folder: Path, imis_connector: str = "imis_rest") -> Iterator[LiveService]:
    """Start the service with simulated products, and stop it as an operator does.

    `imis_connector` serves the iMIS half; several, separated by commas, are tried in their order.
    """
    ready_file, log = folder / "ready.json", folder / "service.log"
    command = ["imis-sso", "serve", "--simulate", "--port", "0", "--log-level", "debug"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready_file)],
            stdout=output,
            stderr=output,
            env=os.environ | {"IMIS_SSO_SIMULATED_IMIS_CONNECTOR": imis_connector},
        )
        try:
            _await(ready_file, process, log)
            ready = json.loads(ready_file.read_text("utf-8"))
            service = LiveService(ready, log, imis_connector=imis_connector)
            with _pairs(service):
                yield service
            assert leaks_of_simulation(service.ready) == []
        finally:
            process.terminate()
            code = process.wait(_STOP_SECONDS)
    assert code == os.EX_OK, log.read_text("utf-8")[-2000:]


def _await(ready_file: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready_file.exists():
        stopped = process.poll() is not None or time.monotonic() > deadline
        assert not stopped, log.read_text("utf-8")
        time.sleep(0.05)


@contextmanager
def _pairs(service: LiveService) -> Iterator[None]:
    trust = ssl.create_default_context(cafile=service.ready["ca_file"])
    for name, each in service.ready["environments"].items():
        imis, cloud_sso = (Product(each[key], trust) for key in ("imis_url", "cloud_sso_url"))
        service.pairs[name] = Pair(name, imis, cloud_sso, service.hides_the_secret)
    try:
        yield
    finally:
        for pair in service.pairs.values():
            for product in pair.products:
                product.close()
