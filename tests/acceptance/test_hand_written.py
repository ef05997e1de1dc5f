"""Configurations by somebody who knows only the contract: a whole pair, parts, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plans import planned, settles

if TYPE_CHECKING:
    from collections.abc import Callable

    from hand_written import HandWritten
    from live_service import Pair

    Write = Callable[..., HandWritten]

pytestmark = pytest.mark.acceptance


def test_a_pair_written_from_the_contract_goes_all_the_way(hand_written: Write, pair: Pair) -> None:
    """Import, apply, empty plan, drift, repair, rotation, destroy, re-create (issue's must show)."""
    variables = {"TF_VAR_redirect": pair.redirect_url, "TF_VAR_mode": "test_mode"}
    terraform = hand_written("whole_pair", "whole_pair_imports", **variables).terraform
    plan = planned(terraform)
    assert all(change.imported for change in plan.changes.values())
    assert plan.updated == {"openid_connect", "redirect", "mode"}
    terraform.run("apply", "-input=false", "tfplan")
    assert settles(terraform, times=3)

    agreed = pair.snapshot()
    assert agreed["records"][0]["ClientSecret"] == agreed["cloud_sso"]["client_secret"]
    pair.imis.change(record={"WellKnownUrl": "https://typed.example.org/"})
    plan = planned(terraform)
    assert plan.differences["openid_connect"].keys() == {"well_known_url"}
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.snapshot() == agreed

    pair.cloud_sso.act("rotate-secret")
    assert planned(terraform).differences["openid_connect"].keys() == {"client_secret_version"}
    terraform.run("apply", "-input=false", "tfplan")
    rotated = pair.snapshot()
    assert rotated["records"][0]["ClientSecret"] == rotated["cloud_sso"]["client_secret"]
    assert settles(terraform)

    terraform.run("destroy", "-auto-approve")
    assert pair.snapshot() == rotated
    plan = planned(terraform)
    assert plan.updated == set()
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.snapshot() == rotated
    assert settles(terraform)


def test_without_import_blocks_a_pair_is_created_let_go_and_created_again(
    hand_written: Write, pair: Pair
) -> None:
    """Contract C2, C4, C5: PUT adopts what exists, `destroy` retains it."""
    terraform = hand_written("whole_pair", TF_VAR_redirect=pair.redirect_url).terraform
    for expected in (2, 2):
        assert set(planned(terraform).actions.values()) == {("create",)}
        terraform.run("apply", "-input=false", "tfplan")
        assert pair.stored() == expected
        assert settles(terraform)
        terraform.run("destroy", "-auto-approve")
        assert pair.stored() == expected


def test_two_declared_keys_leave_all_others_to_the_product(hand_written: Write, pair: Pair) -> None:
    """Contract C2: at every depth; what is not declared is neither reset nor drift."""
    terraform = hand_written("partial").terraform
    before = pair.record
    plan = planned(terraform)
    assert plan.differences == {
        "page": {
            "set_login_hint": (False, True),
            "user_authentication.claim_value": ("true", "1"),
        }
    }
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.record == before | {"SetLoginHint": True, "StaffClaimValue": "1"}
    theirs = {"ProviderName": "Theirs", "StaffClaimType": "role", "ClientSecret": "theirs"}
    pair.imis.change(record=theirs)
    assert settles(terraform, times=3)
    pair.imis.change(record={"SetLoginHint": False})
    terraform.run("apply", "-auto-approve")
    assert pair.record == before | theirs | {"SetLoginHint": True, "StaffClaimValue": "1"}


@pytest.mark.only_by(
    "imis_rest",
    reason="a page is several requests at a time, and has no box for require_public_users",
)
def test_ten_resources_at_a_time_meet_one_request_at_a_time(
    hand_written: Write, pair: Pair, prod: Pair
) -> None:
    """Contract C32: 16 resources for 4 records, `-parallelism=10`; queued here, nothing lost."""
    redirects = ", ".join(f'{each.name} = "{each.redirect_url}"' for each in (pair, prod))
    variables = {"TF_VAR_redirect_urls": f"{{{redirects}}}", "TF_VAR_round": "1"}
    terraform = hand_written("parallel", **variables).terraform
    for each in (pair, prod):
        each.log_everybody_out()
    terraform.run("apply", "-auto-approve", "-parallelism=10")
    assert settles(terraform)
    for each in (pair, prod):
        record = each.record
        assert record["ProviderClientId"] == "client 1"
        assert record["ExternalIdClaimType"] == "claim 1"
        assert record["ProviderName"] == "name 1"
        assert record["StaffClaimType"] == "type 1"
        assert record["ProviderType"] == 2
        assert record["RequirePublicUsers"] is True
        assert record["SetLoginHint"] is True
        assert record["SortOrder"] == 3
        assert each.cloud_sso.state()["redirect_url"] == each.redirect_url
        assert each.imis.counters()["max_simultaneous"] == 1
        assert each.imis.counters()["logins"] == 1
        assert each.imis.counters()["stored"] == 7
    terraform.variables["TF_VAR_round"] = "2"
    plan = planned(terraform, "-parallelism=10")
    assert len(plan.updated) == 8
    terraform.run("apply", "-input=false", "-parallelism=10", "tfplan")
    assert settles(terraform)
    assert {each.record["ProviderName"] for each in (pair, prod)} == {"name 2"}
    assert {each.imis.counters()["max_simultaneous"] for each in (pair, prod)} == {1}
