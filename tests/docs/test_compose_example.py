"""The example with two replicas: read as Compose reads it, and held against the service's settings.

No container engine runs here; `tests/replicas` shows with processes that two replicas are as one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from imis_sso.cli.hosting import SHUTDOWN_SECONDS
from imis_sso.environments import ServerOptions, load
from imis_sso.services.deadline import WRITE_SECONDS
from imis_sso.settings import ENV_PREFIX, ServerSettings
from imis_sso.storage import database_server

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "examples" / "compose"
COMPOSE: dict[str, Any] = yaml.safe_load((PLACE / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REPLICAS = ("first", "second")
NGINX = (PLACE / "nginx.conf").read_text("utf-8")
README = (PLACE / "README.md").read_text("utf-8")


def setting(name: str) -> str:
    """Give a setting of nginx."""
    (found,) = re.findall(rf"^\s*{name} (.+);", NGINX, re.MULTILINE)
    return found


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> ServerSettings:
    """Give what a replica runs with."""
    for name in ServerOptions.model_fields:
        monkeypatch.delenv(f"{ENV_PREFIX}{name.upper()}", raising=False)
    return ServerSettings.resolve(load(PLACE / "imis-sso.yaml").server)


def test_there_are_two_equal_replicas_a_database_and_a_proxy() -> None:
    assert sorted(SERVICES) == ["database", *REPLICAS[:1], "proxy", *REPLICAS[1:]]
    assert SERVICES["first"] == SERVICES["second"]


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_and_nothing_can_be_written_but_what_is_named(name: str) -> None:
    """Target S6."""
    service = SERVICES[name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid"} & service.keys()
    for each in service["volumes"]:
        source, target, *mode = each.split(":")
        assert mode == ["ro"] or source in COMPOSE["volumes"], target
    assert f"| {service['user'].split(':')[0]} |" in README


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_files_that_only_who_needs_them_gets(name: str) -> None:
    """Contract C20, C21."""
    service = SERVICES[name]
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    for key, value in service.get("environment", {}).items():
        assert "PASSWORD" not in key or key.endswith("_FILE")
        if value.startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_every_secret_is_a_file_that_the_readme_makes() -> None:
    for name, each in COMPOSE["secrets"].items():
        assert each == {"file": f"./secrets/{name}"}
        assert f"secrets/{name}" in README
    used = {name for service in SERVICES.values() for name in service["secrets"]}
    assert used == COMPOSE["secrets"].keys()


def test_the_registry_is_right_and_finds_its_secrets(settings: ServerSettings) -> None:
    registry = load(PLACE / "imis-sso.yaml")
    given = {f"/run/secrets/{name}" for name in SERVICES["first"]["secrets"]}
    keys = {str(settings.fingerprint_key_file), str(settings.audit_key_file)}
    assert {source.location for _, source in registry.sources()} | keys == given
    (mount,) = SERVICES["first"]["volumes"]
    assert mount == "./imis-sso.yaml:/etc/imis-sso/imis-sso.yaml:ro"


def test_the_replicas_use_the_database_that_is_there(settings: ServerSettings) -> None:
    server = database_server(settings)
    database = SERVICES["database"]
    user, name = (database["environment"][key] for key in ("POSTGRES_USER", "POSTGRES_DB"))
    assert server is not None
    assert server.url == f"postgresql://{user}@database/{name}"
    assert SERVICES["first"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert database["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert "inside" in SERVICES["first"]["networks"]


def test_every_variable_of_the_service_is_a_setting() -> None:
    text = "".join(each.read_text("utf-8") for each in sorted(PLACE.iterdir()) if each.is_file())
    known = {f"{ENV_PREFIX}{name.upper()}" for name in ServerOptions.model_fields}
    assert set(re.findall(rf"\b{ENV_PREFIX}[A-Z_]+", text)) <= known


def test_the_proxy_leads_to_both_replicas(settings: ServerSettings) -> None:
    servers = re.findall(r"^\s*server (\S+):(\d+)", NGINX, re.MULTILINE)
    assert servers == [(name, str(settings.port)) for name in REPLICAS]
    assert not settings.on_loopback
    (published,) = SERVICES["proxy"]["ports"]
    assert published.split(":")[1] == setting("listen").split()[0]
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]
    for name in ("ssl_certificate", "ssl_certificate_key"):
        assert setting(name).removeprefix("/run/secrets/") in SERVICES["proxy"]["secrets"]


def test_nobody_is_less_patient_than_a_write() -> None:
    """Contract C33."""
    assert seconds(setting("proxy_read_timeout")) > WRITE_SECONDS
    assert seconds(SERVICES["first"]["stop_grace_period"]) > SHUTDOWN_SECONDS


def test_memory_takes_what_the_service_writes(settings: ServerSettings) -> None:
    places = {each.split(":")[0]: each for each in SERVICES["first"]["tmpfs"]}
    assert str(settings.data_dir) in places
    owner = SERVICES["first"]["user"].split(":")[0]
    assert all(f"uid={owner}" in each for each in places.values())


def test_the_image_is_built_from_this_repository() -> None:
    build = SERVICES["first"]["build"]
    assert (PLACE / build["context"]).resolve() == ROOT
    assert build["dockerfile"] == "Containerfile"


def test_the_readme_says_what_is_not_tested() -> None:
    assert "are *not* run by any test" in README
