"""The second provider, restapi, with the configuration of `examples/hcl-restapi`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from configurations import HclRestapi
from plans import differing, settles, words
from restapi_versions import available, sees_drift

if TYPE_CHECKING:
    from pathlib import Path

    from live_service import LiveService, Pair
    from terraform_runs import Terraform

pytestmark = pytest.mark.acceptance
DOCUMENTS = {
    "restapi_object.imis_openid_connect",
    "restapi_object.cloud_sso_imis_sso_settings",
    "restapi_object.imis_oidc_authentication",
}


@pytest.fixture(params=available())
def restapi(
    request: pytest.FixtureRequest, tmp_path: Path, service: LiveService, pair: Pair
) -> HclRestapi:
    """Give the pair declared by hand with each version of restapi that is there."""
    return HclRestapi(tmp_path, service, pair, version=request.param)


def changes(terraform: Terraform) -> dict[str, Any]:
    """Plan, and give what is planned for each managed document."""
    terraform.run("plan", "-input=false", "-out=tfplan")
    plan = terraform.json("show", "-json", "tfplan")
    return {
        each["address"]: each["change"]
        for each in plan["resource_changes"]
        if each["mode"] == "managed"
    }


def declared_changes(change: dict[str, Any]) -> set[str]:
    """Give the fields of ``data`` that a planned change differs in."""
    before, after = (json.loads(change[when]["data"]) for when in ("before", "after"))
    return set(differing(before, after))


def test_a_pair_is_imported_applied_updated_and_let_go(restapi: HclRestapi, pair: Pair) -> None:
    """R1, R3: import with one update, empty plans, update, destroy."""
    terraform, before = restapi.terraform, pair.record
    planned = changes(terraform)
    assert planned.keys() == DOCUMENTS
    assert all("importing" in change for change in planned.values())
    assert pair.stored() == 0
    terraform.run("apply", "-input=false", "tfplan")
    shown = pair.cloud_sso.state()
    assert pair.record["ClientSecret"] == shown["client_secret"]
    assert pair.record["Authority"] == shown["issuer"]
    assert pair.record["Appearance"] == before["Appearance"]
    assert shown["redirect_url"] == pair.redirect_url
    assert pair.stored() == 2
    assert settles(terraform, times=3)

    agreed = pair.record
    restapi.set_text("name", "Renamed")
    ((address, change),) = [
        (address, change)
        for address, change in changes(terraform).items()
        if change["actions"] != ["no-op"]
    ]
    assert address == "restapi_object.imis_openid_connect"
    assert declared_changes(change) == {"name"}
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.record == agreed | {"ProviderName": "Renamed"}
    assert settles(terraform)

    held = pair.snapshot()
    terraform.run("destroy", "-auto-approve")
    assert pair.snapshot() == held
    assert pair.stored() == 3


def test_an_import_of_an_agreeing_pair_is_one_update_that_writes_nothing(
    restapi: HclRestapi, pair: Pair
) -> None:
    """R3."""
    restapi.terraform.run("apply", "-auto-approve")
    for file in restapi.terraform.folder.glob("terraform.tfstate*"):
        file.unlink()
    pair.count_anew()
    planned = changes(restapi.terraform)
    assert {tuple(change["actions"]) for change in planned.values()} == {("update",)}
    assert all("importing" in change for change in planned.values())
    restapi.terraform.run("apply", "-input=false", "tfplan")
    assert pair.stored() == 0
    assert settles(restapi.terraform)


def test_bad_input_is_explained(restapi: HclRestapi, pair: Pair) -> None:
    """Contract C30: the providers print the body raw."""
    restapi.set_text("type", "oktta")
    told = words(restapi.terraform.run("apply", "-auto-approve", expect=1))
    assert "422" in told
    assert "/problems/invalid-settings" in told
    assert "okta" in told
    assert pair.stored() == 0


def test_drift_is_seen_where_the_version_can_see_it(restapi: HclRestapi, pair: Pair) -> None:
    """Version 1 sees none, which its example says; later ones compare the whole answer."""
    terraform = restapi.terraform
    terraform.run("apply", "-auto-approve")
    agreed = pair.record
    pair.imis.change(record={"ProviderName": "typed", "StaffClaimValue": "true"})
    if not sees_drift(restapi.version):
        assert settles(terraform)
        return
    change = changes(terraform)["restapi_object.imis_openid_connect"]
    assert change["actions"] == ["update"]
    assert declared_changes(change) == {"name", "user_authentication.claim_value"}
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.record == agreed
    assert settles(terraform)


def test_the_token_and_the_secret_are_in_no_file(
    restapi: HclRestapi, service: LiveService, pair: Pair
) -> None:
    """S1: a named secret never passes through, the token is an ephemeral variable."""
    restapi.terraform.run("plan", "-out=tfplan")
    restapi.terraform.run("apply", "-input=false", "tfplan")
    secrets = [service.ready["token"], pair.cloud_sso.state()["client_secret"]]
    assert [file for secret in secrets for file in restapi.files_holding(secret)] == []
