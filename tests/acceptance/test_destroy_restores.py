"""`terraform destroy` where the environment says `on_destroy: restore` (contract C5, targets R9)."""

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
    from live_service import LiveService, Pair, Record

    Write = Callable[..., HandWritten]

pytestmark = pytest.mark.acceptance


@pytest.fixture
def registry(tmp_path: Path, service: LiveService) -> Path:
    """Describe the running products anew, in a registry that restores on destroy."""
    environments = {
        name: SimulatedEnvironment(**each) for name, each in service.ready["environments"].items()
    }
    products = SimpleNamespace(environments=environments, ca_file=service.ready["ca_file"])
    document = registry_document(products, tmp_path)
    test = document["environments"]["test"]
    test["on_destroy"] = "restore"
    # The secret that iMIS holds before the first apply is one that the operator has.
    test["secrets"] = {"before": {"source": "env:SECRET_BEFORE", "for": ["imis/openid-connect"]}}
    key = tmp_path / "fingerprint-key"
    key.touch(0o600)
    key.write_text("k" * 32, "utf-8")
    document["server"]["fingerprint_key_file"] = str(key)
    file = tmp_path / "imis-sso.yaml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    return file


def typed_by_hand(pair: Pair) -> None:
    """Have the pair as a person left it: half-finished, spelt as people do, with trusted hosts."""
    pair.imis.change(
        record={
            "Authority": pair.cloud_sso.state()["issuer"],
            "WellKnownUrl": "",
            "RedirectLoginUri": pair.imis.url,
            "ProviderName": " Members ",
        }
    )


def held(pair: Pair) -> Record:
    return {"imis": pair.record, "redirect": pair.cloud_sso.state()["redirect_url"]}


def test_destroy_gives_back_what_was_found(hand_written: Write, registry: Path, pair: Pair) -> None:
    """The state before the first apply, on both products, its secret included."""
    folder = hand_written("whole_pair", "whole_pair_imports").terraform.folder
    typed_by_hand(pair)
    found = held(pair)
    variables = {
        "TF_VAR_redirect": pair.redirect_url,
        "SECRET_BEFORE": found["imis"]["ClientSecret"],
    }
    run = f"imis-sso exec --config {registry} -- terraform"
    shell(f"{run} apply -input=false -auto-approve", folder, variables)
    applied = held(pair)
    assert applied != found
    assert applied["imis"]["ClientSecret"] == pair.cloud_sso.state()["client_secret"]
    shell(f"{run} plan -input=false -detailed-exitcode", folder, variables)
    shell(f"{run} destroy -input=false -auto-approve", folder, variables)
    assert held(pair) == found
    told = shell(f"{run} plan -input=false -detailed-exitcode", folder, variables, expect=2)
    assert "3 to import" in told


def test_destroy_does_not_undo_another_persons_work(
    hand_written: Write, registry: Path, pair: Pair
) -> None:
    """Contract C5: the last managed write is another caller's, so destroy is refused, readably."""
    folder = hand_written("whole_pair", "whole_pair_imports").terraform.folder
    typed_by_hand(pair)
    variables = {"TF_VAR_redirect": pair.redirect_url, "SECRET_BEFORE": "other"}
    exec_ = f"imis-sso exec --config {registry} --"
    shell(f"{exec_} terraform apply -input=false -auto-approve", folder, variables)
    shell(f"imis-sso mode --config {registry} test test_mode", folder, variables)
    before = held(pair)
    told = shell(
        f"{exec_} terraform destroy -input=false -auto-approve", folder, variables, expect=1
    )
    assert "/problems/not-last-writer" in words(told)
    assert held(pair) == before
