"""`imis-sso verify --watch`: what changes is told as it changes."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from command_line import Registry, command
from service_process import COMMAND

from imis_sso.simulators import CloudSsoModel, ImisModel, Simulation, follow_recipe

PATIENCE = 60.0


def _until(file: Path, words: str) -> str:
    end = time.monotonic() + PATIENCE
    while words not in (seen := file.read_text("utf-8")):
        assert time.monotonic() < end, seen
        time.sleep(0.05)
    return seen


@pytest.mark.browser
def test_a_change_is_told_and_costs_the_provider_little(
    simulation: Simulation,
    imis: ImisModel,
    cloud_sso: CloudSsoModel,
    registry: Registry,
    tmp_path: Path,
) -> None:
    """Probes run at the start and after a change, not at every look."""
    follow_recipe(simulation, "test")
    printed = tmp_path / "printed"
    asked = [*COMMAND, "verify", "test", "--watch", "--every", "5", "-c", str(registry())]
    with printed.open("wb") as out:
        process = subprocess.Popen(asked, stdout=out, stderr=out)
    try:
        _until(printed, "verification passed (active proof)")
        tokens = cloud_sso.counters.by_route["POST /oauth2/token"]
        looked = imis.counters.reads
        while imis.counters.reads < looked + 2:
            assert process.poll() is None
            time.sleep(0.05)
        assert cloud_sso.counters.by_route["POST /oauth2/token"] == tokens
        imis.change(Authority="https://elsewhere.example.org")
        seen = _until(printed, "failed discovery.issuer-matches")
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert "Set authority_url" in seen


def test_it_prints_for_people_only(registry: Registry) -> None:
    ended = command("verify", "test", "--watch", "--json", "-c", str(registry()))
    ended.failed("--watch prints for people: leave --json out, or ask again and again")
