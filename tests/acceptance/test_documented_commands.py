"""What the examples' pages and the Terraform guide tell people to type, typed."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from command_lines import blocks, shell
from configurations import copy_examples
from plans import planned, settles
from terraform_runs import ROOT, Terraform

if TYPE_CHECKING:
    from pathlib import Path

    from live_service import LiveService, Pair

pytestmark = pytest.mark.acceptance
EXAMPLES = ROOT / "examples"


@pytest.fixture
def variables(service: LiveService, pair: Pair) -> dict[str, str]:
    """Give what the first page exports, for the running service."""
    given = {"TF_VAR_environment": pair.name, "TF_VAR_redirect_url": pair.redirect_url}
    return service.variables | given


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("hcl-restful", "No changes."),
        ("hcl-restapi", "No changes."),
        ("module", "3 to import, 0 to add, 3 to change"),
    ],
)
def test_an_examples_page(
    tmp_path: Path, pair: Pair, variables: dict[str, str], page: str, told: str
) -> None:
    """Every block of commands, one after the other, ends as the page says."""
    examples = copy_examples(tmp_path)
    commands = "\n".join(blocks(EXAMPLES / page / "README.md", "sh"))
    assert "terraform plan" in commands
    assert told in shell(commands, examples / page, variables)
    assert pair.stored() == (0 if page == "module" else 2)


def test_the_first_page_needs_no_product(tmp_path: Path) -> None:
    """`exec`, then one service for several commands; nothing is left running."""
    folder = copy_examples(tmp_path) / "hcl-restful"
    commands = "\n".join(blocks(EXAMPLES / "README.md", "sh"))
    told = shell(commands + "\nwait", folder, typed="yes\n")
    assert "Apply complete! Resources: 3 imported, 0 added, 2 changed, 0 destroyed." in told
    assert told.count("No changes.") == 1
    assert not (folder / "ready.json").exists()


def test_the_module_as_its_page_calls_it(
    tmp_path: Path, pair: Pair, variables: dict[str, str]
) -> None:
    """The block of HCL, beside the provider and the variables of the usage."""
    examples = copy_examples(tmp_path)
    (call,) = blocks(EXAMPLES / "module" / "README.md", "hcl")
    call = call.replace("https://members-test.example.org/", pair.redirect_url)
    (examples / "main.tf").write_text(call, "utf-8")
    shutil.copy(examples / "module" / "usage" / "versions.tf", examples)
    terraform = Terraform(examples, variables)
    terraform.run("init", "-input=false")
    changes = planned(terraform).changes
    assert changes["imis_openid_connect"].imported
    assert changes["imis_oidc_authentication"].actions == ("create",)


def test_the_call_without_terraform(pair: Pair, tmp_path: Path, variables: dict[str, str]) -> None:
    """The verification by `curl`, for the provider that cannot read it."""
    page = (EXAMPLES / "hcl-restapi" / "README.md").read_text("utf-8")
    (command,) = re.findall(r"`(curl [^`]*)`", page)
    verdict = json.loads(shell(f"{command} 2>/dev/null", tmp_path, variables))
    assert verdict["environment"] == pair.name
    assert verdict["passed"] is False


def test_the_guides_configuration(tmp_path: Path, pair: Pair, variables: dict[str, str]) -> None:
    """The blocks of docs/terraform.md make one configuration that imports and settles."""
    rest = 'variable "imis_sso_url" {}\nterraform {\n  required_providers {\n    restful = {\n'
    rest += '      source = "magodo/restful"\n      version = "0.25.2"\n    }\n  }\n}\n'
    (tmp_path / "main.tf").write_text(
        rest + "".join(blocks(ROOT / "docs" / "terraform.md", "hcl")), "utf-8"
    )
    terraform = Terraform(tmp_path, variables)
    terraform.run("init", "-input=false")
    (change,) = planned(terraform).changes.values()
    assert change.imported
    assert change.fields == {"set_login_hint": (False, True)}
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.record["SetLoginHint"] is True
    assert settles(terraform)
