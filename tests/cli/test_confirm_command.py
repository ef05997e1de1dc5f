"""`imis-sso confirm` and `connectors`: a person at the terminal, and what is put on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from assisted_bench import imis_says
from command_line import Registry, command

from imis_sso.simulators import Simulation, follow_recipe

BY_PERSON: dict[str, Any] = {"connector": "assisted"}
CLOUD_SSO = ("client", "https://sso.example.org/d", "https://sso.example.org", "")


@pytest.fixture
def config(simulation: Simulation, registry: Registry) -> Path:
    """Both halves in the hands of a person."""
    follow_recipe(simulation, "test")
    return registry({"imis": BY_PERSON, "cloud_sso": BY_PERSON})


def seen(place: Path, documents: Any) -> str:
    file = place / "seen.yaml"
    file.write_text(yaml.safe_dump(documents), "utf-8")
    return str(file)


def test_what_is_there_is_asked_label_by_label(config: Path, tmp_path: Path) -> None:
    """Every page that a person serves; a choice is asked again until it is one."""
    page = [
        "https://sso.example.org",
        "c",
        "",
        "external_id",
        "Cloud SSO",
        "",
        "n",
        "y",
        "",
        "Okta",
    ]
    page += ["okta", "staff", "1", ""]
    typed = "\n".join([*page, "test_mode", "not_licensed", *CLOUD_SSO]) + "\n"
    told = command("confirm", "test", "--present", typed=typed)
    assert told.code == 0, told
    assert "Open Settings > Contacts > OpenID Connect in the Staff site of iMIS" in told.err
    assert "It is one of entra_id, okta, other." in told.err
    assert "test: on record for imis/openid-connect, imis/oidc-authentication" in told.words
    shown = command("show", "test", "--json").json
    assert shown["imis/openid-connect"]["authority_url"] == "https://sso.example.org"
    assert shown["imis/oidc-authentication"] == {"mode": "test_mode"}
    assert shown["cloud-sso/imis-client"]["client_id"] == "client"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "cannot be read: it is no YAML"),
        ("- a", "must be a mapping of documents by path"),
        ("a: b", "must be a mapping of documents by path"),
        ("imis/oidc-authentication: {mode: disabled}", "imis/openid-connect is missing"),
    ],
)
def test_a_file_that_does_not_say_it(
    config: Path, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "seen.yaml"
    if content is not None:
        file.write_text(content, "utf-8")
    told = command("confirm", "test", "--present", "--file", str(file))
    assert (told.code, said in told.words) == (1, True), told


def test_a_step_is_shown_done_and_confirmed(
    config: Path, tmp_path: Path, simulation: Simulation
) -> None:
    """Left alone it stays; the same command goes through afterwards."""
    untold = command("confirm", "test")
    assert (untold.code, "imis-sso confirm test --present" in untold.out) == (2, True)
    documents = imis_says(redirect_login_url=f"{simulation.imis('test').base_url}/")
    assert command("confirm", "test", "--present", "--file", seen(tmp_path, documents)).code == 0
    asked = command("mode", "test", "test_mode")
    assert asked.code == 1
    assert 'set "OIDC authentication" to "Test mode"' in asked.words
    left = command("confirm", "test", typed="n\n")
    assert left.code == 2
    assert '[ ] Settings > Contacts > OpenID Connect: set "OIDC authentication"' in left.words

    simulation.imis("test").change(Mode=1)
    done = command("confirm", "test", "1", typed="y\n")
    assert done.code == 0, done
    assert "Step 1 is confirmed by cli." in done.words
    assert command("mode", "test", "test_mode").code == 0
    cloud_sso = dict(zip(("client_id", "discovery_url", "issuer"), CLOUD_SSO, strict=False))
    said = {"cloud-sso/imis-client": cloud_sso, "cloud-sso/imis-sso-settings": {"redirect_url": ""}}
    assert command("confirm", "test", "--present", "--file", seen(tmp_path, said)).code == 0
    assert command("confirm", "test").out == "test: no step waits for a person.\n"
    again = command("confirm", "test", "1", "--json")
    assert again.json["steps"][0]["state"] == "confirmed"
    assert "was confirmed by cli." in again.err
    assert command("confirm", "test", "7").words.startswith("imis-sso: Not found: There is no")


def test_who_serves_is_listed_and_accepted(config: Path, tmp_path: Path) -> None:
    told = command("connectors", "list", "test")
    assert told.code == 0, told
    assert "cloud-sso/imis-sso-settings assisted" in told.words
    items = command("connectors", "list", "test", "--json").json["items"]
    assert {each["connector"] for each in items[:5]} == {"assisted"}
    command("confirm", "test", "--present", "--file", seen(tmp_path, imis_says()))
    assert command("connectors", "accept", "test").out == "test: nothing is to be accepted.\n"


def test_new_reach_is_told_and_taken_in(
    config: Path, tmp_path: Path, registry: Registry, simulation: Simulation
) -> None:
    """Over REST first, then by a person, who reaches the e-mail body as well (contract 1.1)."""
    by_rest = registry({"imis": {"connector": "imis_rest"}, "cloud_sso": BY_PERSON})
    assert command("connectors", "list", "test", "-c", str(by_rest)).code == 0
    registry({"imis": BY_PERSON, "cloud_sso": BY_PERSON})
    command("confirm", "test", "--present", "--file", seen(tmp_path, imis_says()))
    told = command("connectors", "list", "test")
    assert (told.code, "email_body" in told.words) == (2, True), told
    took = command("connectors", "accept", "test").words
    assert "imis/openid-connect (assisted): reached from now on: email_body." in took
    assert command("connectors", "accept", "test", "--json").json == {"items": []}
    registry({"imis": {"connector": "imis_rest"}, "cloud_sso": BY_PERSON})
    given_up = command("connectors", "accept", "test").words
    assert "imis/openid-connect (imis_rest): given up: email_body." in given_up


def test_nobody_logs_in_for_a_person(config: Path) -> None:
    told = command("login", "test")
    assert told.code == 0, told
    assert "iMIS: nobody logs in; a person does its steps." in told.out


def test_a_door_that_is_barred_says_why(registry: Registry) -> None:
    """The dashboard is not driven where nobody permitted it; the person serves."""
    section = {"connector": ["cloud_sso_dashboard", "assisted"]}
    file = registry({"imis": BY_PERSON, "cloud_sso": section})
    text = yaml.safe_load(file.read_text("utf-8"))
    del text["environments"]["test"]["cloud_sso"]["automation_permitted_by"]
    file.write_text(yaml.safe_dump(text), "utf-8")
    told = command("connectors", "list", "test")
    assert "cloud_sso_dashboard is not-permitted: nobody is on record" in told.words
    assert "cloud-sso/imis-client assisted" in told.words
