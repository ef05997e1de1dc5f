"""`imis-sso doctor`: every door tried, nothing written, nothing told that must not be."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import Ended, Registry, command

from imis_sso.simulators import CloudSsoModel, ImisModel

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/capture.schema.json").read_text("utf-8"))
PERSON = "Ada Lovelace-Byron"


def doctor(registry: Path, *more: str) -> Ended:
    return command("doctor", "test", "--config", str(registry), *more)


def resources(found: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {door["connector"]: door["resources"] for door in found["doors"]}


@pytest.mark.browser
def test_every_door_is_tried_and_nothing_is_written(
    registry: Registry, imis: ImisModel, cloud_sso: CloudSsoModel, tmp_path: Path
) -> None:
    """Product facts 3.2; and no value, account or address leaves in the report or the capture."""
    planted = {"ProviderName": PERSON, "Tenant": "ada@example.org", "ada@example.org": PERSON}
    imis.patch({"record": {**planted, "Nested": {"$type": PERSON, PERSON: "x"}}})
    imis.patch({"organisation": PERSON})
    cloud_sso.patch({"redirect_url": f"https://{PERSON.replace(' ', '')}.example.org/"})
    report, capture, told = (tmp_path / each for each in ("report.md", "captured", "a.json"))
    asked = ("--json", "--report", report, "--capture", capture, "--evidence", told)
    ended = doctor(registry(), *map(str, asked))
    assert ended.code == 0, ended
    both = {
        "imis/openid-connect": "reads and writes",
        "imis/oidc-authentication": "reads and writes",
    }
    assert resources(ended.json) == {
        "imis_rest": both | {"imis/licence": "out of its reach"},
        "imis_staff_site": both | {"imis/licence": "reads"},
        "cloud_sso_dashboard": {
            "cloud-sso/imis-client": "reads",
            "cloud-sso/imis-sso-settings": "reads and writes",
            "cloud-sso/directories": "reads, writing is not known",
        },
    }
    configured = [each["connector"] for each in ended.json["doors"] if each["configured"]]
    assert configured == ["imis_rest", "cloud_sso_dashboard"]
    assert (imis.counters.writes, imis.counters.stored, imis.counters.logins) == (0, 0, 2)
    assert (cloud_sso.counters.writes, cloud_sso.counters.stored) == (0, 0)
    written = (capture / "capture.json").read_text("utf-8")
    jsonschema.validate(json.loads(written), SCHEMA)
    assert stat.S_IMODE((capture / "capture.json").stat().st_mode) == 0o600
    versions = json.loads(told.read_text("utf-8"))["versions"]
    assert (versions["imis"], len(versions["cloud-sso"])) == (imis.version, 16)
    _tells_nothing(report.read_text("utf-8"), imis, cloud_sso)
    _tells_nothing(told.read_text("utf-8"), imis, cloud_sso)
    assert imis.version not in written
    _tells_nothing(written, imis, cloud_sso)


def _tells_nothing(text: str, imis: ImisModel, cloud_sso: CloudSsoModel) -> None:
    held = {str(each) for each in (*imis.record.values(), *cloud_sso.held().values())}
    held |= {imis.username, imis.password, imis.organisation}
    held |= {cloud_sso.username, cloud_sso.password, cloud_sso.cloud_id, cloud_sso.client_id}
    held |= {cloud_sso.client_secret, cloud_sso.issuer, "127.0.0.1", *PERSON.split(), "ada@"}
    # Flags, numbers and the recipe's own words are no secret.
    telling = {each for each in held if len(each) > 5 and each != "external_id"}
    assert [each for each in telling if each in text] == []


@pytest.mark.browser
def test_a_closed_door_is_said_in_plain_words(
    registry: Registry, imis: ImisModel, cloud_sso: CloudSsoModel, tmp_path: Path
) -> None:
    imis.change_variant({"imis_rest": "not_implemented"})
    cloud_sso.change_variant({"cloud_sso_secret": "copy"})
    report = tmp_path / "report.md"
    ended = doctor(registry(), "--report", str(report))
    assert ended.code == 2
    assert "imis/openid-connect: no" in ended.words
    assert "cloud-sso/imis-sso-settings: reads and writes" in ended.words
    assert "test: a configured way in does not work." in ended.words
    for text in (ended.words, report.read_text("utf-8")):
        assert "the connector for the Staff site or the assisted one is the way" in text
        assert "Is the entity OpenIDProvider meant to be served over REST" in text
        assert "only a mask of it is to be seen" in text


@pytest.mark.browser
def test_a_refused_log_in_is_not_tried_again(
    registry: Registry, imis: ImisModel, cloud_sso: CloudSsoModel
) -> None:
    """Contract C47: neither by another door of this run, nor by the next run."""
    file = registry()
    for model in (imis, cloud_sso):
        model.patch({"password": "changed-meanwhile"})
    for _ in range(2):
        ended = doctor(file, "--json")
        assert ended.code == 2
        assert not any(door["works"] for door in ended.json["doors"])
    assert (imis.counters.refused_logins, cloud_sso.counters.refused_logins) == (1, 1)


def test_what_cannot_be_run_is_an_error(registry: Registry, tmp_path: Path) -> None:
    file = registry()
    command("doctor", "nowhere", "-c", str(file)).failed("there is no environment 'nowhere' in …")
    assert command("doctor", "test", "-c", str(tmp_path / "none.yaml")).code == 1


def test_a_folder_without_a_capture_is_no_profile(tmp_path: Path) -> None:
    command("simulate", "--profile", str(tmp_path)).failed(f"the capture in {tmp_path} cannot be …")
    (tmp_path / "capture.json").write_text('{"format": 9}', "utf-8")
    command("simulate", "--profile", str(tmp_path)).failed(f"the capture in {tmp_path} cannot be …")
