"""R2: what somebody changes behind our back is named exactly, repaired, and nothing else touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from plans import flat, planned, settles

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Settled
    from live_service import LiveService, Pair, Record

    Settle = Callable[[str], Settled]

pytestmark = pytest.mark.acceptance
PAGE, SWITCH = "imis_openid_connect", "imis_oidc_authentication"
# Field, property of the iMIS record, what a person puts there, what the plan shows of it.
IMIS: list[tuple[str, str, Any, Any]] = [
    ("authority_url", "Authority", "https://other.example.org/", "https://other.example.org/"),
    ("client_id", "ProviderClientId", "of somebody else", "of somebody else"),
    ("external_id_claim_type", "ExternalIdClaimType", "sub", "sub"),
    ("name", "ProviderName", ' "Ours" & <theirs> ', ' "Ours" & <theirs> '),
    ("name", "ProviderName", None, ""),
    ("redirect_login_url", "RedirectLoginUri", "https://Typed.example.org", "https://Typed.example.org"),
    ("require_public_users", "RequirePublicUsers", True, True),
    ("set_login_hint", "SetLoginHint", False, False),
    ("tenant_id", "Tenant", "6f0d0d4e", "6f0d0d4e"),
    ("type", "ProviderType", 2, "other"),
    ("type", "ProviderType", 0, "entra_id"),
    ("user_authentication.claim_type", "StaffClaimType", "role", "role"),
    ("user_authentication.claim_value", "StaffClaimValue", "true", "true"),
    ("well_known_url", "WellKnownUrl", "https://other.example.org/wk", "https://other.example.org/wk"),
    ("mode", "Mode", 1, "test_mode"),
    ("mode", "Mode", 2, "enabled"),
]  # fmt: skip
ELSEWHERE = {
    "redirect_url",  # Cloud SSO's: below
    "client_secret_ref",  # with the version: test_restful_secrets
    "client_secret_version",
    "email_body",  # the REST record has none, and nothing declares it
}


def reachable(pair: Pair, service: LiveService) -> list[tuple[str, str, Any, Any]]:
    """Give the rows of fields that the connector reaches."""
    path = f"{pair.root}/imis/openid-connect?include=meta"
    unreachable = service.read(path)["meta"]["unreachable"]
    return [row for row in IMIS if row[0] not in unreachable]


def without_defaults(record: Record) -> Record:
    """Give a record as iMIS shows it: what equals its type's default is left out (facts 3.2)."""
    return {name: value for name, value in record.items() if value not in (None, "", 0)}


def test_every_settable_field_is_in_the_table(service: LiveService, pair: Pair) -> None:
    """A field that is added to a document has to be added here."""
    documents = ("imis/openid-connect", "imis/oidc-authentication", "cloud-sso/imis-sso-settings")
    fields = {name for path in documents for name in flat(service.read(f"{pair.root}/{path}"))}
    assert {row[0] for row in IMIS} | ELSEWHERE == fields


@pytest.mark.parametrize("row", IMIS, ids=[f"{row[0]}={row[3]}" for row in IMIS])
def test_a_field_changed_by_hand_in_imis_is_found_and_repaired(
    service: LiveService, settle: Settle, row: tuple[str, str, Any, Any]
) -> None:
    """The plan names this field and no other; the apply repairs it with one write."""
    name, column, typed, shown = row
    settled = settle("stack")
    pair, terraform = settled.configuration.pair, settled.configuration.terraform
    if row not in reachable(pair, service):
        pytest.skip(f"{service.imis_connector} does not reach {name}")
    wanted = pair.record
    pair.imis.change(record={column: typed})

    plan = planned(terraform)
    document = SWITCH if name == "mode" else PAGE
    ((found, fields),) = plan.differences.items()
    assert (found, list(fields)) == (document, [name])
    assert fields[name][0] == shown
    assert plan.updated == {document}

    terraform.run("apply", "-input=false", "tfplan")
    assert without_defaults(pair.record) == without_defaults(wanted)
    assert pair.stored() == 1


@pytest.mark.parametrize("typed", ["https://old.example.org/", ""])
def test_the_redirect_url_changed_by_hand_in_cloud_sso_is_found_and_repaired(
    settle: Settle, typed: str
) -> None:
    """The dashboard's one input."""
    settled = settle("stack")
    pair, terraform = settled.configuration.pair, settled.configuration.terraform
    pair.cloud_sso.change(redirect_url=typed)
    plan = planned(terraform)
    assert plan.differences == {
        "cloud_sso_imis_sso_settings": {"redirect_url": (typed, pair.redirect_url)}
    }
    assert plan.updated == {"cloud_sso_imis_sso_settings"}
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.snapshot() == settled.snapshot
    assert pair.stored() == 1


def test_what_nobody_declared_is_no_drift_and_stays(settle: Settle) -> None:
    """Properties that no document knows, changed by a person: an empty plan, and left alone."""
    settled = settle("stack")
    pair, terraform = settled.configuration.pair, settled.configuration.terraform
    boxed = {"$type": "System.Int32", "$value": 5}
    theirs = {"RoleMappingKey": "changed", "SortOrder": 9, "AddedByAnUpgrade": boxed}
    pair.imis.change(record=theirs)
    assert settles(terraform)
    wanted = pair.record
    pair.imis.change(record={"ProviderName": "typed"})
    terraform.run("apply", "-auto-approve")
    assert pair.record == wanted
    assert wanted.items() >= theirs.items()


@pytest.mark.parametrize("kind", ["module", "hcl-restful"])
def test_everything_at_once_is_one_plan_and_one_repair(
    service: LiveService, settle: Settle, kind: str
) -> None:
    """Every field of every document changed together: each is named, none is left."""
    settled = settle(kind)
    pair, terraform = settled.configuration.pair, settled.configuration.terraform
    # Of the rows of one field the first: enabled by hand, nothing else may be edited (contract 1.2).
    table = {row[0]: row for row in reversed(reachable(pair, service))}
    pair.imis.change(record={column: typed for _, column, typed, _ in table.values()})
    pair.cloud_sso.change(redirect_url="https://old.example.org/")
    plan = planned(terraform)
    assert {name: fields.keys() for name, fields in plan.differences.items()} == {
        PAGE: table.keys() - {"mode"},
        SWITCH: {"mode"},
        "cloud_sso_imis_sso_settings": {"redirect_url"},
    }
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.stored() == 3
    assert settles(terraform)
    repaired, wanted = pair.snapshot(), settled.snapshot
    assert repaired["cloud_sso"] == wanted["cloud_sso"]
    assert without_defaults(repaired["records"][0]) == without_defaults(wanted["records"][0])
