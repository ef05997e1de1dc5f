"""What the service refuses, as Terraform's user reads it (contract 4), and that nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plans import settles, words

if TYPE_CHECKING:
    from configurations import Configuration
    from live_service import Pair

pytestmark = pytest.mark.acceptance
BAD = [
    # Key, what is declared, the problem, words of its detail.
    ("name", " Cloud SSO ", "not-canonical", '"Cloud SSO"'),
    ("type", "oktta", "invalid-settings", "okta"),
    ("authority_url", "http://127.0.0.1", "invalid-settings", "https address"),
    ("authority_url", "https://SSO.example.org", "not-canonical", "https://sso.example.org"),
    ("authority_url", "https://login.microsoftonline.com/t/v2.0", "untrusted-host", "Cloud SSO only"),
    ("well_known_url", "https://attacker.example.org/wk", "untrusted-host", "sso_hosts"),
    ("tenant_id", "6f0d", "invalid-settings", "entra_id"),
    ("client_secret_ref", "cloud-sso-imis-cleint", "invalid-settings", "cloud-sso-imis-client"),
    ("client_secret_version", "v1-0000000000000000", "secret-version-changed", "Plan again"),
]  # fmt: skip


@pytest.mark.parametrize("row", BAD, ids=[row[1] for row in BAD])
def test_bad_input_is_explained_in_terraforms_output(
    by_hand: Configuration, pair: Pair, row: tuple[str, str, str, str]
) -> None:
    """Contract C30: the detail first, the field by its name, the canonical form."""
    key, text, slug, detail = row
    by_hand.set_text(key, text)
    before = pair.snapshot()
    told = words(by_hand.terraform.run("apply", "-auto-approve", expect=1))
    assert "Update API returns 4" in told
    assert f"/problems/{slug}" in told
    assert key in told
    assert detail in told.replace('\\"', '"')
    assert pair.snapshot() == before


def test_an_unknown_key_names_its_nearest(by_hand: Configuration, pair: Pair) -> None:
    """Contract C11, at depth."""
    file = by_hand.terraform.folder / "main.tf"
    text = file.read_text("utf-8")
    file.write_text(text.replace("      claim_value =", "      claim_valeu ="), "utf-8")
    told = words(by_hand.terraform.run("apply", "-auto-approve", expect=1))
    assert "/problems/unknown-field" in told
    assert "claim_value" in told
    assert pair.stored() == 0


def test_a_missing_slash_is_named(by_hand: Configuration, pair: Pair) -> None:
    """Contract C10: the mistake that is made most often, with the right form to copy."""
    pair.imis.change(record={"RedirectLoginUri": None})
    by_hand.terraform.variables["TF_VAR_redirect_url"] = pair.imis.url
    told = words(by_hand.terraform.run("apply", "-auto-approve", expect=1))
    assert "/problems/not-canonical" in told
    assert f'"canonical": "{pair.redirect_url}"' in told
    assert pair.stored() == 0


def test_an_unreachable_product_is_an_error_and_never_a_creation(
    by_hand: Configuration, pair: Pair
) -> None:
    """Contract C4: 503, not 404 and not defaults, so the state keeps what it has."""
    terraform = by_hand.terraform
    terraform.run("apply", "-auto-approve")
    before = pair.snapshot()
    pair.imis.break_down("status", params={"status": 503, "retry_after": 1})
    told = words(terraform.run("plan", expect=1))
    assert "/problems/upstream-unavailable" in told
    assert "will be created" not in told
    assert terraform.run("state", "list").count("restful_resource.imis_openid_connect") == 1
    pair.imis.mend()
    assert settles(terraform)
    assert pair.snapshot() == before
