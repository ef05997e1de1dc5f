"""Two environments that would undo each other (contract C46, product facts 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imis_sso.domain.configuration import ConfigurationFault
from imis_sso.domain.hosts import host_of
from imis_sso.registry.model import EnvironmentConfig
from imis_sso.registry.tree import Key, Tree

_Claim = tuple[str, str, Key]
"""What is claimed, its value, and the key that claims it."""


def conflicts(environments: Sequence[EnvironmentConfig], tree: Tree) -> list[ConfigurationFault]:
    """Give a fault for everything that two environments claim and only one can have."""
    owners: dict[tuple[str, str], tuple[str, Key]] = {}
    faults: dict[Key, ConfigurationFault] = {}
    for environment in environments:
        for what, value, key in _claims(environment, tree):
            owner, first = owners.setdefault((what, value), (environment.name, key))
            if owner != environment.name and key not in faults:
                message = (
                    f'"{environment.name}" and "{owner}" (line {tree.line(first)}) have the same '
                    f"{what}: each environment needs its own"
                )
                faults[key] = tree.fault(key, message)
    return list(faults.values())


def _claims(environment: EnvironmentConfig, tree: Tree) -> Iterator[_Claim]:
    key: Key = ("environments", environment.name)
    yield "iMIS base address", _base(environment.imis.url), (*key, "imis", "url")
    # A product that tells "abc" from "ABC" is not known; one that does not would be mixed up.
    cloud_id = environment.cloud_sso.cloud_id.casefold()
    yield "Cloud ID", cloud_id, (*key, "cloud_sso", "cloud_id")
    for at, host in enumerate(environment.sso_hosts):
        yield "SSO host", host, (*key, "sso_hosts", at)
    stated = (*key, "imis_hosts") in tree.lines
    for at, host in enumerate(environment.imis_hosts):
        yield "redirect host", host, (*key, "imis_hosts", at) if stated else (*key, "imis", "url")


def _base(url: str) -> str:
    path = url.removeprefix("https://").partition("/")[2]
    return f"{host_of(url)}/{path.rstrip('/')}"
