"""The gate before `enabled`, the guard on a live pair, and the warning of `check` (contract 1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plans import planned, settles, words

if TYPE_CHECKING:
    from configurations import Configuration
    from live_service import Pair

pytestmark = pytest.mark.acceptance
MODES = {"disabled": 0, "test_mode": 1, "enabled": 2}


def mode_of(pair: Pair) -> str:
    """Give the live mode."""
    return next(name for name, number in MODES.items() if number == pair.record["Mode"])


@pytest.mark.parametrize("declared", ["stack", "hcl-restful"], indirect=True)
def test_a_pair_goes_live_by_declaration_and_is_guarded_then(
    declared: Configuration, pair: Pair
) -> None:
    """Test mode, enabled once the pair verifies, live edits only where they verify, lowered again."""
    terraform = declared.terraform
    declared.set_mode("enabled")
    assert "transition-refused" in terraform.run("apply", "-auto-approve", expect=1)
    assert mode_of(pair) == "disabled"
    declared.set_mode("test_mode")
    terraform.run("apply", "-auto-approve")

    # Somebody edits the Cloud SSO half between plan and apply: the halves disagree at the gate.
    declared.set_mode("enabled")
    assert planned(terraform).updated == {"imis_oidc_authentication"}
    pair.cloud_sso.change(redirect_url="https://elsewhere.example.org/")
    told = words(terraform.run("apply", "-input=false", "tfplan", expect=1))
    assert "verification-failed" in told
    assert "redirect.matches" in told
    assert mode_of(pair) == "test_mode"

    # The next plan repairs that first, so the gate opens.
    plan = planned(terraform)
    assert plan.updated == {"cloud_sso_imis_sso_settings", "imis_oidc_authentication"}
    terraform.run("apply", "-input=false", "tfplan")
    assert mode_of(pair) == "enabled"
    assert settles(terraform)

    live = pair.record
    declared.set_text("external_id_claim_type", "sub")
    told = words(terraform.run("apply", "-auto-approve", expect=1))
    assert "activation-guard" in told
    assert "claims.recipe" in told
    assert "Lower the mode to test_mode" in told
    assert pair.record == live
    declared.set_text("external_id_claim_type", "external_id")

    # What somebody broke on the live page is repaired there: the declared values verify.
    pair.imis.change(record={"ProviderClientId": "typed"})
    terraform.run("apply", "-auto-approve")
    assert pair.record == live

    declared.set_text("name", "Renamed while live")
    terraform.run("apply", "-auto-approve")
    pair.cloud_sso.act("rotate-secret")
    terraform.run("apply", "-auto-approve")
    rotated = pair.cloud_sso.state()["client_secret"]
    assert pair.record == live | {"ProviderName": "Renamed while live", "ClientSecret": rotated}

    declared.set_mode("disabled")
    terraform.run("apply", "-auto-approve")
    assert mode_of(pair) == "disabled"
    assert settles(terraform)


@pytest.mark.imis_connectors("imis_rest", "imis_staff_site")
def test_letting_go_of_a_live_pair_leaves_it_live(by_hand: Configuration, pair: Pair) -> None:
    """Contract C5: `retain` changes nothing, the mode least of all."""
    for mode in ("test_mode", "enabled"):
        by_hand.set_mode(mode)
        by_hand.terraform.run("apply", "-auto-approve")
    live = pair.snapshot()
    by_hand.terraform.run("destroy", "-auto-approve")
    assert pair.snapshot() == live
    assert mode_of(pair) == "enabled"


@pytest.mark.parametrize("declared", ["stack", "module"], indirect=True)
def test_a_pair_that_disagrees_is_a_warning_in_every_plan(
    declared: Configuration, pair: Pair
) -> None:
    """Exit code 0, with every failed check and its remedy, until it is mended (contract 8)."""
    terraform = declared.terraform
    declared.set_text("external_id_claim_type", "sub")
    for command in (["apply", "-auto-approve"], ["plan", "-detailed-exitcode"]):
        told = words(terraform.run(*command))
        assert "The pair test does not verify." in told
        assert "claims.recipe" in told
        assert "redirect.matches" not in told
    declared.set_text("external_id_claim_type", "external_id")
    assert "does not verify" not in words(terraform.run("apply", "-auto-approve"))
    assert settles(terraform)
