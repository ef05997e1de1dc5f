"""Fixtures of the stack tests: settings files, one synthesis for all, Terraform in a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import canned_service
import pytest
from stack_runs import ENVIRONMENTS
from terraform_runs import Terraform

from imis_sso_stacks.app import synthesise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from canned_service import CannedService


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write three settings files: everything said, the least, and partly unmanaged."""
    folder = tmp_path_factory.mktemp("environments")
    for name, text in ENVIRONMENTS.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def synthesised(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthesise once for all tests of a process: starting Node is what takes the time."""
    out = tmp_path_factory.mktemp("out")
    assert synthesise(environments, out) == sorted(ENVIRONMENTS)
    return out


@pytest.fixture(scope="session")
def stacks(synthesised: Path) -> dict[str, Any]:
    """Read every synthesised stack, found by the manifest and not by the folder."""
    manifest = json.loads((synthesised / "manifest.json").read_text("utf-8"))
    return {
        name: json.loads((synthesised / stack["synthesizedStackPath"]).read_text("utf-8"))
        for name, stack in manifest["stacks"].items()
    }


@pytest.fixture(scope="session")
def canned() -> Iterator[CannedService]:
    """Serve canned documents, once for all tests of a process."""
    with canned_service.running() as service:
        yield service


@pytest.fixture
def service(canned: CannedService) -> CannedService:
    """Give the canned server with untouched documents and no request seen."""
    canned.reset()
    return canned


@pytest.fixture
def terraform(service: CannedService) -> Callable[[Path], Terraform]:
    """Give Terraform for a folder, initialised, with the canned server's address and token."""

    def initialised(folder: Path) -> Terraform:
        variables = {
            "TF_VAR_imis_sso_url": service.url,
            "TF_VAR_imis_sso_token": canned_service.TOKEN,
        }
        found = Terraform(folder, variables)
        found.run("init", "-input=false")
        return found

    return initialised
