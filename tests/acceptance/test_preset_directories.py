"""A directory of each preset: applied, imported, renamed by hand, repaired; deletion is protected.

The stack, real Terraform and provider, a service of its own and its browser, one simulated dashboard.
"""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import service_process
import yaml
from plans import planned, settles, words
from service_bench import registry_document
from terraform_runs import Terraform, run_main

from imis_sso.simulators import SimulatedEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_service import LiveService, Pair
    from service_process import Running

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

POOL, TENANT = "us-east-1_Ab12Cd34E", "7b1e5f00-0000-4000-8000-5ca1ab1e0000"
PRESETS: dict[str, dict[str, Any]] = {
    "members": {
        "preset": {
            "kind": "cognito",
            "region": "us-east-1",
            "pool_id": POOL,
            "domain": "login.example.org",
        },
        "name": "Members",
        "client_id": "members-client",
    },
    "partners": {
        "preset": {"kind": "okta", "org": "partners", "server": "default"},
        "name": "Partners",
        "client_id": "partners-client",
    },
    "staff": {
        "preset": {"kind": "entra", "tenant": TENANT},
        "name": "Staff",
        "client_id": "staff-client",
        "claims": {"external_id": "oid", "staff": "staff"},
    },
}
HOSTS = {
    "members": ["login.example.org", "cognito-idp.us-east-1.amazonaws.com"],
    "partners": ["partners.okta.com"],
    "staff": ["login.microsoftonline.com", "graph.microsoft.com"],
}
NAMES = {key: f"cloud_sso_directories_{key}" for key in PRESETS}
DELETING = """
resource "restful_resource" "staff" {
  path        = "/v1/environments/test/cloud-sso/directories/staff"
  body        = { name = "Staff" }
  delete_body = { on_destroy = "delete" }
}
"""


def registry(place: Path, service: LiveService) -> Path:
    environments = {
        name: SimulatedEnvironment(**each) for name, each in service.ready["environments"].items()
    }
    products = SimpleNamespace(environments=environments, ca_file=service.ready["ca_file"])
    document = registry_document(products, place)
    document["environments"]["test"]["secrets"] = {
        f"{key}-directory": {
            "source": f"env:SECRET_OF_{key.upper()}",
            "for": [f"cloud-sso/directories/{key}"],
            "hosts": hosts,
        }
        for key, hosts in HOSTS.items()
    }
    file = place / "imis-sso.yaml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    return file


@pytest.fixture
def running(tmp_path: Path, service: LiveService, pair: Pair) -> Iterator[Running]:
    """Run a service that knows the secrets of three directories."""
    file = registry(tmp_path, service)
    secrets = {f"SECRET_OF_{key.upper()}": f"the secret of {key}" for key in PRESETS}
    arguments = ("serve", "--config", str(file), "--port", "0")
    with service_process.running(tmp_path, *arguments, surroundings=secrets) as found:
        yield found
    pair.log_everybody_out()


def token(registry_file: Path, scope: str) -> str:
    command = ["token", "create", scope, "--scope", scope, "--config", str(registry_file)]
    done = subprocess.run(
        [sys.executable, "-m", "imis_sso", *command], capture_output=True, text=True, check=True
    )
    return next(each for each in done.stdout.split() if len(each) > 30)


class Stack:
    """The pair with directories, synthesised from a settings file."""

    def __init__(self, folder: Path, pair: Pair) -> None:
        self.folder, self.pair = folder, pair
        (folder / "environments").mkdir()
        self.out = folder / "out" / "stacks" / "test"

    def declare(self, *, exists: bool = False) -> None:
        directories = {
            key: each | {"client_secret_ref": f"{key}-directory", "exists": exists}
            for key, each in PRESETS.items()
        }
        settings = {
            "environment": "test",
            "openid_connect": {"redirect_login_url": self.pair.redirect_url},
            "oidc_authentication": {"mode": "disabled"},
            "directories": directories,
        }
        file = self.folder / "environments" / "test.yaml"
        file.write_text(yaml.safe_dump(settings), "utf-8")
        done = run_main(file.parent, self.folder / "out")
        assert done.returncode == 0, done.stderr


def records(pair: Pair) -> dict[int, dict[str, Any]]:
    return {each["number"]: each for each in pair.cloud_sso.state()["directories"].values()}


def test_a_directory_of_each_preset(tmp_path: Path, running: Running, pair: Pair) -> None:
    """Contract 1.3: applied, imported, renamed by hand, repaired; not deleted without force."""
    admin = token(tmp_path / "imis-sso.yaml", "admin")
    variables = {"TF_VAR_imis_sso_url": running.ready["base_url"], "TF_VAR_imis_sso_token": admin}
    stack = Stack(tmp_path, pair)
    stack.declare()
    terraform = Terraform(stack.out, variables)
    terraform.run("init", "-input=false")
    assert len(records(pair)) == 3

    terraform.run("apply", "-input=false", "-auto-approve")
    made = records(pair)
    assert {made[number]["name"] for number in (4, 5, 6)} == {"Members", "Partners", "Staff"}
    staff = next(each for each in made.values() if each["name"] == "Staff")
    assert staff["userinfo_url"] == "https://graph.microsoft.com/oidc/userinfo"
    assert staff["client_secret"] == "the secret of staff"
    assert settles(terraform)

    # Imported: the state is lost, and the first plan on what is there is empty.
    stack.declare(exists=True)
    terraform.run("state", "rm", *(f"restful_resource.{name}" for name in NAMES.values()))
    plan = planned(terraform)
    assert all(plan.changes[name].imported for name in NAMES.values())
    assert plan.updated == set()
    terraform.run("apply", "-input=false", "tfplan")

    # Renamed in the dashboard: drift of the same record, and its repair makes no second one.
    key = f"directory-{staff['number']}"
    pair.cloud_sso.change(directories={key: {"name": "Somebody's"}})
    plan = planned(terraform)
    assert plan.differences == {NAMES["staff"]: {"name": ("Somebody's", "Staff")}}
    terraform.run("apply", "-input=false", "tfplan")
    assert records(pair) == made
    assert settles(terraform)

    # Deleting is refused with the reason; letting go leaves everything in Cloud SSO.
    deleting = tmp_path / "deleting"
    deleting.mkdir()
    versions = (stack.out / "cdk.tf.json").read_text("utf-8")
    (deleting / "main.tf").write_text(DELETING, "utf-8")
    (deleting / "provider.tf.json").write_text(provider_of(versions), "utf-8")
    other = Terraform(deleting, variables)
    other.run("init", "-input=false")
    other.run("apply", "-input=false", "-auto-approve")
    told = words(other.run("destroy", "-input=false", "-auto-approve", expect=1))
    assert "directory-protected" in told
    assert "strangers" in told
    terraform.run("destroy", "-input=false", "-auto-approve")
    assert records(pair) == made


def provider_of(stack: str) -> str:
    """Give the parts of a stack that set up the provider."""
    found = json.loads(stack)
    kept = {key: found[key] for key in ("provider", "terraform", "variable")}
    kept["terraform"] = {key: value for key, value in kept["terraform"].items() if key != "backend"}
    return json.dumps(kept)
