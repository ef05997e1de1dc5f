"""`imis-sso rehearse`: by each connector, on real simulators; and what production makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from command_line import Ended, Registry, command

from imis_sso.simulators import CloudSsoModel, ImisModel, Simulation


def in_production(file: Path) -> Path:
    document = yaml.safe_load(file.read_text("utf-8"))
    document["environments"]["prod"] |= {"production": True, "require_attestation": False}
    file.write_text(yaml.safe_dump(document), "utf-8")
    return file


def to_test_mode(file: Path) -> Ended:
    return command("mode", "prod", "test_mode", "--config", str(file))


@pytest.mark.browser
def test_production_is_written_after_a_rehearsal_on_its_version(
    simulation: Simulation, registry: Registry, imis: ImisModel, cloud_sso: CloudSsoModel
) -> None:
    """contract 4: `connector-unproven`; unknown properties, secret and redirect survive."""
    file = in_production(registry())
    assert "Connector never rehearsed: The connector imis_rest" in to_test_mode(file).words
    cloud_sso.patch({"redirect_url": "https://members.example.org/"})
    before = imis.state()["records"], cloud_sso.held()
    ended = command("rehearse", "test", "--config", str(file), "--json")
    assert ended.code == 0, ended
    found = {each["connector"]: each for each in ended.json["attempts"]}
    assert {name: each["passed"] for name, each in found.items()} == {
        "imis_rest": True,
        "cloud_sso_dashboard": True,
    }
    assert found["imis_rest"]["version"] == imis.version
    assert (imis.state()["records"], cloud_sso.held()) == before
    assert (imis.counters.stored, cloud_sso.counters.stored) == (2, 1)
    simulation.imis("prod").patch({"version": "20.4"})
    assert "on this version of iMIS (20.4)" in to_test_mode(file).words
    simulation.imis("prod").patch({"version": imis.version})
    assert to_test_mode(file).code == 0


def test_what_cannot_be_rehearsed_says_so(registry: Registry) -> None:
    file = in_production(registry({"writes": "refused"}))
    command("rehearse", "prod", "-c", str(file)).failed("prod is production: rehearse on a test …")
    command("rehearse", "nowhere", "-c", str(file)).failed("there is no environment 'nowhere' …")
