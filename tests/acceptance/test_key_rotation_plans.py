"""What Terraform's users see of a rotated server key (contract C23, C25)."""

from __future__ import annotations

import json
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from command_lines import shell
from service_bench import registry_document
from service_process import running

from imis_sso.simulators import SimulatedEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hand_written import HandWritten
    from live_service import LiveService, Pair

pytestmark = pytest.mark.acceptance

PLAN = "terraform plan -input=false -detailed-exitcode"


class Shim:
    """`imis-sso serve` with a registry of its own for the running products, at one address."""

    def __init__(self, place: Path, service: LiveService, pair: Pair, folder: Path) -> None:
        environments = {
            name: SimulatedEnvironment(**each)
            for name, each in service.ready["environments"].items()
        }
        products = SimpleNamespace(environments=environments, ca_file=service.ready["ca_file"])
        key = place / "fingerprint.key"
        key.touch(0o600)
        key.write_text("the first key " * 3, "utf-8")
        self._document = registry_document(products, place)
        self._place, self.folder = place, folder
        self.file, self._port = place / "imis-sso.yaml", _free_port()
        self.set({"fingerprint_key_file": str(key)})
        self._variables = {
            "TF_VAR_redirect": pair.redirect_url,
            "TF_VAR_imis_sso_url": f"http://127.0.0.1:{self._port}",
            "TF_VAR_imis_sso_token": self.imis_sso("token create ci --scope apply --expires 1d"),
        }

    def set(self, keys: dict[str, Any]) -> None:
        """Put server settings into the registry, as its operator does."""
        self._document["server"] |= keys
        self.file.write_text(yaml.safe_dump(self._document), "utf-8")

    def imis_sso(self, command: str) -> str:
        """Run a command of ours and give what it printed last."""
        return shell(f"imis-sso {command} --config {self.file}", self.folder).strip()

    def run(self, command: str) -> str:
        """Run Terraform while the service serves."""
        served = ("serve", "--config", str(self.file), "--port", str(self._port))
        with running(self._place, *served):
            return shell(command, self.folder, self._variables)

    def rotate(self) -> None:
        """Do what `imis-sso secret rotate-key` says."""
        self.set(json.loads(self.imis_sso("secret rotate-key --json")))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def shim(
    tmp_path: Path, service: LiveService, pair: Pair, hand_written: Callable[..., HandWritten]
) -> Shim:
    folder = hand_written("whole_pair", "whole_pair_imports").terraform.folder
    return Shim(tmp_path, service, pair, folder)


def test_a_rotated_key_and_its_loss(shim: Shim, pair: Pair) -> None:
    """C23, C25: a plan from before is applied after it, no plan shows it, nothing is pushed."""
    main = shim.folder / "whole_pair.tf"
    text = main.read_text("utf-8")
    shim.run(f"terraform apply -input=false -auto-approve && {PLAN}")
    before = pair.record
    pair.count_anew()

    assert "set_login_hint         = true" in text
    main.write_text(text.replace("_hint         = true", "_hint = false"), "utf-8")
    shim.run("terraform plan -input=false -out=tfplan")
    shim.rotate()
    shim.run(f"terraform apply -input=false tfplan && {PLAN}")
    assert pair.record["ClientSecret"] == before["ClientSecret"]
    assert pair.record != before
    assert pair.stored() == 1

    # Both sides are read live, so even the loss of the old key changes both versions at once.
    shim.set({"fingerprint_key_previous": []})
    shim.run(PLAN)
    assert pair.stored() == 1
