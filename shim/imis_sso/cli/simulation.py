"""Embedded simulators, and the registry that points the service at them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import yaml

from imis_sso.cli.console import Failure

if TYPE_CHECKING:
    from imis_sso.simulators import SimulatedEnvironment, Simulation


IMIS_CONNECTOR: Final = "IMIS_SSO_SIMULATED_IMIS_CONNECTOR"
"""Environment variable with the ways into the simulated iMIS, in order, separated by commas."""
_PERMITTED: Final = "who made the simulators, 2026-01-01"


@dataclass(frozen=True)
class Simulated:
    """Running simulators, with the registry file that describes them."""

    config: Path
    ca_file: Path
    environments: Mapping[str, SimulatedEnvironment]

    def ready(self) -> dict[str, Any]:
        """Give what scripts need to know (`--ready-file`)."""
        return {
            "ca_file": str(self.ca_file),
            "environments": {name: asdict(each) for name, each in self.environments.items()},
        }


@contextmanager
def simulated() -> Iterator[Simulated]:
    """Run both simulated environments in a temporary directory while the block runs."""
    with tempfile.TemporaryDirectory(prefix="imis-sso-") as directory:
        place = Path(directory)
        with started(place / "simulators") as simulation:
            config = place / "imis-sso.yaml"
            config.write_text(
                yaml.safe_dump(_registry(place, simulation), sort_keys=False), encoding="utf-8"
            )
            yield Simulated(config, simulation.ca_file, simulation.environments)


def started(directory: Path, profile: Path | None = None) -> Simulation:
    """Make the simulators, like the tenant whose capture is in the folder `profile`.

    Raises `Failure` where their extra is not installed, or the capture cannot be used.
    """
    try:
        from imis_sso.simulators import Profile, Simulation
    except ModuleNotFoundError as error:
        msg = f"the simulators need more packages ({error.name}): install imis-sso[simulators]"
        raise Failure(msg) from None
    try:
        return Simulation(directory, profile=None if profile is None else Profile.load(profile))
    except (KeyError, TypeError, ValueError) as error:
        raise Failure(f"the capture in {profile} cannot be used: {error}") from None
    except OSError as error:
        if profile is None:
            raise
        raise Failure(f"the capture in {profile} cannot be read: {error.strerror}") from None


def _registry(place: Path, simulation: Simulation) -> dict[str, Any]:
    return {
        "server": {"data_dir": str(place / "data")},
        "environments": {
            name: _environment(place / name, simulation.ca_file, each)
            | {"secrets": _secrets(place / name, simulation, name)}
            for name, each in simulation.environments.items()
        },
    }


def _environment(place: Path, ca_file: Path, each: SimulatedEnvironment) -> dict[str, Any]:
    ways = os.environ.get(IMIS_CONNECTOR, "imis_rest").split(",")
    # The simulated Staff site shows a mask and keeps the secret, unless its variant says otherwise.
    kept = {"unread_secret": "keeps"} if ways == ["imis_staff_site"] else {}
    urls = (each.imis_url, each.cloud_sso_url, each.directory_url)
    hosts = [urlsplit(url).netloc for url in urls]
    return {
        "writes": "allowed",
        "ca_file": str(ca_file),
        "egress": {"allow": hosts},
        "sso_hosts": [hosts[1]],
        "imis": {
            "url": each.imis_url,
            "connector": ways,
            **kept,
            "automation_permitted_by": _PERMITTED,
            "sign_in_path": "/sign-in",
            "username": each.imis_username,
            "password": _password(place / "imis-password", each.imis_password),
        },
        "cloud_sso": {
            "url": each.cloud_sso_url,
            "connector": "cloud_sso_dashboard",
            "automation_permitted_by": _PERMITTED,
            "cloud_id": each.cloud_id,
            "username": each.cloud_sso_username,
            "password": _password(place / "cloud-sso-password", each.cloud_sso_password),
        },
    }


def _secrets(place: Path, simulation: Simulation, name: str) -> dict[str, Any]:
    """Name the secrets of the simulated directories, each for the key of its own name."""
    host = urlsplit(simulation.environments[name].directory_url).netloc
    return {
        f"{key}-directory": {
            "source": _password(place / f"{key}-directory-secret", client.client_secret),
            "for": [f"cloud-sso/directories/{key}"],
            "hosts": [host],
        }
        for key, client in simulation.directory(name).clients.items()
    }


def _password(file: Path, password: str) -> str:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(password, encoding="utf-8")
    return f"file:{file}"
