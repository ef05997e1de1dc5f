"""SECURITY.md names every way in, every way out, every setting of trust and every secret (issue: S6).

What is asked for comes from the code: a new route, connector, setting or source of secrets fails
here until the threat model says something about it.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import named_tests
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.routing import Route

from imis_sso.app import create_app, opened
from imis_sso.connecting import BUILDERS
from imis_sso.domain.sources import SecretSource
from imis_sso.environments import load
from imis_sso.registry.model import EnvironmentSection
from imis_sso.registry.server import ServerSection
from imis_sso.settings import ServerSettings

PAGE = (Path(__file__).resolve().parents[2] / "SECURITY.md").read_text("utf-8")
BELOW = "/v1/environments/{env}"
REGISTRY = """
environments:
  test:
    imis: {url: https://imis.example.org, connector: imis_rest, username: u, password: "env:A"}
    cloud_sso:
      {url: https://sso.example.org, connector: cloud_sso_dashboard, cloud_id: c, username: u, password: "env:B",
       automation_permitted_by: "A. Name of the vendor, 2026-05-04"}
"""

#: Keys that carry no trust, each with the reason. A new key is named in SECURITY.md or here.
CARRY_NO_TRUST = {
    "server.port": "which port; who may reach it is the host",
    "imis.connector": "the connectors themselves are named",
    "imis.automation_permitted_by": "on record for people; it opens a door that is listed anyway",
    "cloud_sso.automation_permitted_by": "as for iMIS",
    "imis.username": "public beside its password",
    "imis.provider_id": "chooses among records of one iMIS; the pin is tenant.provider_id",
    "cloud_sso.connector": "as for iMIS",
    "cloud_sso.username": "as for iMIS",
}


def section(heading: str) -> str:
    found = PAGE.partition(f"\n### {heading}\n")[2]
    assert found, f"SECURITY.md has a section {heading!r}"
    return re.split(r"\n##+ ", found)[0]


def group(path: str) -> str:
    """Give what addresses have in common: the part below the environment, or the first word."""
    if path.startswith(f"{BELOW}/"):
        return f"{BELOW}/{path.removeprefix(f'{BELOW}/').partition('/')[0]}"
    if path.startswith("/v1/"):
        return path
    return f"/{path.lstrip('/').partition('/')[0]}"


@pytest.fixture
async def addresses(tmp_path: Path) -> set[str]:
    file = tmp_path / "registry.yaml"
    file.write_text(REGISTRY, "utf-8")
    settings = ServerSettings.resolve(None, {"data_dir": tmp_path / "data"})
    async with opened(load(file), settings) as service:
        routes = create_app(service).routes
        return {group(each.path) for each in routes if isinstance(each, Route)}


@pytest.mark.anyio
async def test_every_way_in_is_named(addresses: set[str]) -> None:
    text = section("Ways in")
    assert len(addresses) > 10
    assert sorted(each for each in addresses if f"`{each}`" not in text) == []


def _inner(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in typing.get_args(annotation):
        yield from _inner(each)


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Give every key of a section and of those in it, dotted; a map's own keys are left out."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        kinds = [each for each in _inner(field.annotation) if isinstance(each, type)]
        sections = [each for each in kinds if issubclass(each, BaseModel)]
        for each in sections:
            yield from keys(each, f"{key}.")
        if not sections:
            yield key, field


KEYS = dict(keys(ServerSection, "server.")) | dict(keys(EnvironmentSection))


def holds_secret(key: str, field: FieldInfo) -> bool:
    """Tell whether a setting is, or leads to, a secret: a source, a key's file, a database's URL."""
    parts = [*_inner(field.annotation), *field.metadata]
    words = key.rpartition(".")[2].split("_")
    return SecretSource in parts or bool({"key", "password", "database"} & set(words))


def test_every_setting_that_carries_trust_is_named() -> None:
    text = section("Settings that carry trust") + section("What is worth protecting")
    carry = set(KEYS) - set(CARRY_NO_TRUST)
    assert sorted(each for each in carry if f"`{each}`" not in text) == []
    assert set(CARRY_NO_TRUST) <= set(KEYS)


def test_every_setting_that_leads_to_a_secret_is_named() -> None:
    text = section("What is worth protecting")
    found = {key for key, field in KEYS.items() if holds_secret(key, field)}
    assert {"imis.password", "cloud_sso.password", "server.fingerprint_key_file"} <= found
    assert sorted(each for each in found if f"`{each}`" not in text) == []


def test_every_way_out_is_named() -> None:
    """Connectors, and the places that secrets are read from."""
    text = section("Ways out")
    schemes = typing.get_args(typing.get_type_hints(SecretSource)["scheme"])
    wanted = {*BUILDERS, *(f"{each}:" for each in schemes)}
    assert sorted(each for each in wanted if f"`{each}`" not in text) == []


THREATS = re.findall(
    r"^\| ([STRIDE]) \| (.+?) \| (.+?) \| (.+?) \|$", section("Threats"), re.MULTILINE
)


def test_every_kind_of_threat_has_answers_with_proofs() -> None:
    assert {kind for kind, *_ in THREATS} == set("STRIDE")
    for _, threat, answer, proof in THREATS:
        assert len(answer.split()) > 4, threat
        assert named_tests.named(proof), threat
        assert named_tests.not_there(proof) == [], threat
    rows = [each for each in section("Threats").splitlines() if each.startswith("| ")]
    assert len(THREATS) == len(rows) - 1, "every row is one that is read here"


@pytest.mark.parametrize(
    "risk",
    [
        "between our read and our write",
        "Chromium has no sandbox",
        "simulators",
        "debug and trace level",
        "data directory",
        "stolen token",
    ],
)
def test_what_remains_is_said(risk: str) -> None:
    assert risk in " ".join(section("What remains").split())
