"""The page about the configuration: complete, and its example works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from imis_sso.connectors.secrets import resolve
from imis_sso.domain.hosts import DIRECTORY_HOSTS
from imis_sso.environments import (
    AuditSection,
    EnvironmentSection,
    ServerOptions,
    ServerSection,
    check_sources,
    load,
)
from imis_sso.settings import ENV_PREFIX

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
TEXT = PAGE.read_text("utf-8")


def sections(annotation: object) -> Iterator[type[BaseModel]]:
    """Give every section that a type leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for info in annotation.model_fields.values():
            yield from sections(info.annotation)
    for inner in get_args(annotation):
        yield from sections(inner)


KEYS = sorted(
    {
        (section.__name__, info.alias or name)
        for root in (AuditSection, EnvironmentSection, ServerOptions, ServerSection)
        for section in sections(root)
        for name, info in section.model_fields.items()
    }
)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_has_a_row(section: str, key: str) -> None:
    titles = {
        "AppRoleSection": "#### `approle`",
        "AuditSection": "## `audit`",
        "SinkSection": "### `audit.sinks`",
        "CallerSection": "### `callers`",
        "CloudSsoSection": "### `cloud_sso`",
        "EgressSection": "### `egress`",
        "EnvironmentSection": "## `environments.<name>`",
        "ImisSection": "### `imis`",
        "KubernetesSection": "#### `kubernetes`",
        "NamedSecret": "### `secrets.<name>`",
        "ServerOptions": "## `server`",
        "ServerSection": "## `server`",
        "TenantSection": "### `tenant`",
        "TlsSection": "### `tls`",
        "VaultSection": "### `vault`",
    }
    chapter = re.split(r"\n##", TEXT.split(f"\n{titles[section]}\n", 1)[1])[0]
    assert f"\n| `{key}` |" in chapter


@pytest.mark.parametrize("name", ServerOptions.model_fields)
def test_every_server_setting_has_its_variable(name: str) -> None:
    assert f"| `{name}` | `{ENV_PREFIX}{name.upper()}` |" in TEXT


@pytest.mark.parametrize("host", DIRECTORY_HOSTS)
def test_every_directorys_host_is_named(host: str) -> None:
    assert f"`{host}`" in TEXT


def test_the_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = TEXT.split("```yaml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "registry.yaml"
    file.write_text(example, "utf-8")
    for _, source in load(file).sources():
        if source.scheme == "env":
            monkeypatch.setenv(source.location, "x")
        else:
            source.path.parent.mkdir(exist_ok=True)
            source.path.write_text("x\n", "utf-8")
    registry = load(file)
    assert check_sources(registry, resolve) == []
    assert [each.writable for each in registry.environments.values()] == [True, False]
    assert registry.environments["prod"].production
