"""Loading the registry file: everything that is wrong with it is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.secret import Secret
from imis_sso.domain.sources import SecretSource
from imis_sso.registry.audit import AuditSection
from imis_sso.registry.callers import caller_faults
from imis_sso.registry.conflicts import conflicts
from imis_sso.registry.explain import explain
from imis_sso.registry.kinds import BASE, VAULT, Name
from imis_sso.registry.model import EnvironmentConfig, EnvironmentSection
from imis_sso.registry.section import Section
from imis_sso.registry.server import ServerSection
from imis_sso.registry.tree import Key, Tree, read_tree
from imis_sso.registry.vault import VaultSection

_Model = TypeVar("_Model", bound=BaseModel)


class _File(Section):
    """The top of the file; every environment is validated on its own, so that all are judged."""

    audit: AuditSection = AuditSection()
    server: ServerSection = ServerSection()
    environments: Mapping[Name, Any] = Field(min_length=1)


@dataclass(frozen=True)
class Registry:
    """The registry as loaded: server options and environments, by name in the file's order."""

    file: Path
    server: ServerSection
    environments: Mapping[str, EnvironmentConfig]
    tree: Tree = field(repr=False, compare=False)
    audit: AuditSection = field(default_factory=AuditSection)

    def sources(self) -> Iterator[tuple[Key, SecretSource]]:
        """Give every secret source of the file with its key."""
        if self.server.database_password is not None:
            yield ("server", "database_password"), self.server.database_password
        for at, sink in enumerate(self.audit.sinks):
            if sink.token is not None:
                yield ("audit", "sinks", at, "token"), sink.token
        for name, environment in self.environments.items():
            yield from _environment_sources(("environments", name), environment)


def _environment_sources(
    key: Key, environment: EnvironmentConfig
) -> Iterator[tuple[Key, SecretSource]]:
    for half in ("imis", "cloud_sso"):
        for part in ("password", "totp"):
            found: SecretSource | None = getattr(getattr(environment, half), part)
            if found is not None:
                yield (*key, half, part), found
    shown = environment.cloud_sso.client_secret
    if shown is not None:
        yield (*key, "cloud_sso", "client_secret"), shown
    if isinstance(environment.proxy, SecretSource):
        yield (*key, "proxy"), environment.proxy
    for secret, named in environment.secrets.items():
        yield (*key, "secrets", secret, "source"), named.source


def load(path: Path) -> Registry:
    """Load a registry file (contract 5).

    Raises ConfigurationError with every fault, in the order of the lines. No secret is resolved:
    see `check_sources`.
    """
    tree = read_tree(path)
    faults = list(tree.faults)
    vault = _vault(tree)
    file = _validated(_File, tree.data, tree, (), faults, vault)
    pages_dir = file.server.pages_dir if file else None
    environments = _environments(tree, faults, vault, pages_dir)
    faults += conflicts(environments, tree)
    faults += caller_faults(file.server.callers if file else (), _names(tree), tree)
    if file is None or faults:
        ordered = sorted(dict.fromkeys(faults), key=lambda each: each.line or 0)
        raise ConfigurationError(ordered)
    named = MappingProxyType({each.name: each for each in environments})
    return Registry(path, file.server, named, tree, file.audit)


def check_sources(
    registry: Registry, resolve: Callable[[SecretSource], Secret]
) -> list[ConfigurationFault]:
    """Resolve every secret source and give a fault for each that does not resolve.

    `resolve` raises `SecretUnavailable`. Nothing of a secret's content is kept or shown.
    """
    faults = []
    for key, source in registry.sources():
        try:
            resolve(source)
        except SecretUnavailable as problem:
            faults.append(registry.tree.fault(key, f"{problem.detail} ({source.place})"))
    return faults


def _names(tree: Tree) -> list[str]:
    """Give the names of the file's environments, the faulty ones too."""
    sections = tree.data.get("environments") if isinstance(tree.data, dict) else None
    return list(sections) if isinstance(sections, dict) else []


def _vault(tree: Tree) -> Any:
    """Give the Vault that sources may name: None without one, `...` where it has faults.

    Those are told with the file's.
    """
    server = tree.data.get("server") if isinstance(tree.data, dict) else None
    if server is None or (isinstance(server, dict) and server.get("vault") is None):
        return None
    try:
        section = VaultSection.model_validate(server["vault"], context=_context(tree))
    except (ValidationError, TypeError):
        return ...
    return section.server()


def _environments(
    tree: Tree, faults: list[ConfigurationFault], vault: Any, pages_dir: Path | None
) -> list[EnvironmentConfig]:
    sections = tree.data.get("environments") if isinstance(tree.data, dict) else None
    found = []
    for name, data in sections.items() if isinstance(sections, dict) else ():
        key: Key = ("environments", name)
        section = _validated(EnvironmentSection, data, tree, key, faults, vault)
        if section is not None:
            found.append(EnvironmentConfig.of(name, section, pages_dir))
    return found


def _validated(  # noqa: PLR0917  # what is read, and where its faults go
    model: type[_Model],
    data: Any,
    tree: Tree,
    key: Key,
    faults: list[ConfigurationFault],
    vault: Any,
) -> _Model | None:
    try:
        return model.model_validate(data, context=_context(tree) | {VAULT: vault})
    except ValidationError as error:
        faults += explain(error, model, tree, key)
        return None


def _context(tree: Tree) -> dict[str, Any]:
    return {BASE: tree.file.absolute().parent}
