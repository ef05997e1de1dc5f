"""`imis-sso exec -- terraform …`: a service for the length of one command."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import yaml
from command_lines import shell
from plans import words
from service_bench import registry_document

from imis_sso.simulators import SimulatedEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hand_written import HandWritten
    from live_service import LiveService, Pair

    Write = Callable[..., HandWritten]

pytestmark = pytest.mark.acceptance


def test_a_plan_in_one_line(hand_written: Write) -> None:
    """The issue's must show; 2 is Terraform's own exit code for a plan with changes."""
    folder = hand_written("partial").terraform.folder
    command = "imis-sso exec --simulate -- terraform plan -detailed-exitcode"
    told = shell(command, folder, expect=2)
    assert "~ set_login_hint" in told
    assert "1 to import, 0 to add, 1 to change" in told


def test_a_failing_command_fails(hand_written: Write) -> None:
    """Its exit code is Terraform's."""
    folder = hand_written("whole_pair").terraform.folder
    told = shell("imis-sso exec --simulate -- terraform plan -input=false", folder, expect=1)
    assert 'variable "redirect"' in told


@pytest.fixture
def registry(tmp_path: Path, service: LiveService) -> Path:
    """Describe the running products anew, as a registry in which nobody allowed writes (C44)."""
    environments = {
        name: SimulatedEnvironment(**each) for name, each in service.ready["environments"].items()
    }
    products = SimpleNamespace(environments=environments, ca_file=service.ready["ca_file"])
    document = registry_document(products, tmp_path)
    del document["environments"]["test"]["writes"]
    document["environments"]["prod"]["writes"] = "allowed"
    key = tmp_path / "fingerprint-key"
    key.touch(0o600)
    key.write_text("0123456789abcdef0123456789abcdef", "utf-8")  # pragma: allowlist secret
    document["server"]["fingerprint_key_file"] = str(key)
    file = tmp_path / "imis-sso.yaml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    return file


def test_an_environment_that_is_only_observed_can_be_imported_and_planned(
    hand_written: Write, registry: Path, pair: Pair
) -> None:
    """Contract C44: the plan shows everything, the apply says who may allow it."""
    folder = hand_written("whole_pair", "whole_pair_imports").terraform.folder
    variables = {"TF_VAR_redirect": pair.redirect_url}
    plan = "terraform plan -input=false -out=tfplan"
    run = f"imis-sso exec --config {registry} --"
    told = shell(f"{run} sh -c '{plan} && terraform apply tfplan'", folder, variables, expect=1)
    assert "3 to import, 0 to add, 2 to change" in told
    refused = words(told)
    assert "/problems/observe-only" in refused
    assert "writes: allowed" in refused
    assert pair.stored() == 0


def test_a_read_token_is_enough_to_plan_and_not_to_apply(
    hand_written: Write, registry: Path, prod: Pair
) -> None:
    """Contract C40: CI for pull requests needs no more."""
    folder = hand_written("whole_pair", "whole_pair_imports").terraform.folder
    variables = {"TF_VAR_redirect": prod.redirect_url, "TF_VAR_environment": "prod"}
    plan = "terraform plan -input=false -out=tfplan"
    run = f"imis-sso exec --config {registry} --scope read --"
    told = shell(f"{run} sh -c '{plan} && terraform apply tfplan'", folder, variables, expect=1)
    assert "3 to import, 0 to add, 2 to change" in told
    assert "/problems/forbidden" in words(told)
    assert prod.stored() == 0
